"""What an operator is told when a command cannot do what was asked."""

from __future__ import annotations

FAILED, MISUSED, INTERRUPTED = 1, 2, 130
"""Exit statuses: it was done and came out wrong; it could not be done; it was stopped by a signal."""


class ObstacleError(Exception):
    """Something stands in the way. The message says what, and what to do about it."""
