"""What a drain has to say once its transaction has committed."""

from __future__ import annotations

from dataclasses import dataclass

from store.command_log import Place
from workers.decide import Decided


@dataclass(frozen=True, slots=True)
class Told:
    """What is to be said once a transaction has committed."""

    decided: Decided
    follow_ups: set[Place]
    changed: frozenset[str]
    timers: bool = False
