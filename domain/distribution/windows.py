"""Whether a distribution's window lies within its experience's."""

from __future__ import annotations

from datetime import datetime

from domain.decision import Refused
from domain.sequence import SequenceFacts


def outside(sequence: SequenceFacts, open_at: datetime | None, close_at: datetime | None) -> Refused | None:
    """The refusal of a window that begins before the experience does, or ends after it."""
    opens, closes = sequence.open_at, sequence.close_at
    early = opens is not None and open_at is not None and open_at < opens
    late = closes is not None and close_at is not None and close_at > closes
    if not early and not late:
        return None
    words = "The distribution's window lies outside its experience's."
    return Refused("INVALID_WINDOW", words, field="/openAt" if early else "/closeAt")
