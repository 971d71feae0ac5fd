"""The way of a person through a queue, as pages show it."""

from __future__ import annotations

from typing import Final

from domain.distribution.journey import Words

NEVER: Final = "NOT_QUEUED"
WORDS: Final = Words(NEVER, "QUEUED", "GRANTED", {"ADMISSION_EXPIRED": "expired", "QUEUE_CLOSED": "closed"})
