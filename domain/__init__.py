"""The decisions: no I/O, no clock, no dice. The same arguments give the same decision, in a test and in court."""
