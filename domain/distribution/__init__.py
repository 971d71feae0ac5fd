"""What the kinds of distributions have in common: settings, windows, pauses and ends, grants, and orders that use them up."""
