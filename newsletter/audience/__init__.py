"""Who gets it: subscribers, the segments that pick them, the lists they come from, the tokens they get."""
