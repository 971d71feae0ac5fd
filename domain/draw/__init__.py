"""Draws: people enter, an order is drawn that nobody could know, and the first in it win."""
