"""Chance at length: 100,000 draws of each sort, held against exact probabilities.

`python -m tests.chance`, or `make chance`; seeds are fixed, so the same figures come again.
"""
