"""The command line: one file a group of commands; ``wiring.py`` alone builds what they use."""
