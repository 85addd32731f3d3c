"""The commands: options in, sentences, tables and JSON out.

One file a command, or a group of them.  What the studio or the public pages
do too is no business of a command: it lies one folder up, which imports none
of these.
"""
