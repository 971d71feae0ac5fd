"""The administration worker: organizations with their keys, and experiences with their sequences."""

from workers import launches, organizations

__all__ = ["launches", "organizations"]
