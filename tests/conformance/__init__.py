"""Laws that every kind of distribution keeps. A kind joins with a line in `kinds.py`."""
