"""The command line: one file a group of commands; ``newsroom.py`` and ``wiring.py`` alone build what they use."""
