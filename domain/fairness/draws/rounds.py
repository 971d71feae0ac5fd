"""The round of a public beacon that a draw has fixed, and whether anybody can have known it by then."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Final

from domain.fairness.quicknet import CHAIN_HASH, GENESIS, PERIOD

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
CHAINS: Final[Mapping[str, tuple[int, int]]] = MappingProxyType(
    {CHAIN_HASH: ((GENESIS - _EPOCH) // _MICROSECOND, PERIOD // _MICROSECOND)}
)
"""When the first round of a chain was public, and the time between two, in microseconds: drand's quicknet."""


@dataclass(frozen=True, slots=True)
class FixedRound:
    """A round, and the instant in microseconds since 1970 at which the step log fixed it."""

    chain_hash: str
    round: int
    fixed_at: int

    def is_public(self, at: int) -> bool:
        """Whether everybody could know the round at this instant; never for a chain whose times are not known."""
        times = CHAINS.get(self.chain_hash)
        return times is not None and times[0] + (self.round - 1) * times[1] <= at

    @property
    def was_unknown(self) -> bool:
        """Whether the round was fixed before anybody could know it."""
        return not self.is_public(self.fixed_at)
