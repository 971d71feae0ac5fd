"""drand's quicknet, the public beacon that a draw may mix in: which chain it is, and when each of its rounds is due.

Nobody knows a round before it is due, so a round that is fixed before that is chosen by nobody. The constants are those of
https://api.drand.sh/52db9ba7…/info, as drand's own clients carry them (github.com/drand/drand-client, lib/defaults.ts).
Whether a signature is the chain's own is checked in `runtime.drand`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

CHAIN_HASH: Final = "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971"
GENESIS: Final = datetime.fromtimestamp(1_692_803_367, UTC)
PERIOD: Final = timedelta(seconds=3)
SIGNATURE_BYTES: Final = 48
ROUNDS: Final = range(1, 2**64)


def round_at(moment: datetime) -> int:
    """The first round that is due at `moment` or after it; before the chain began, its first. TypeError: a naive datetime."""
    return max(1, 1 - (GENESIS - moment) // PERIOD)


def last_round(moment: datetime) -> int:
    """The last round that is due at `moment` or before it; 0 before the chain began. TypeError: a naive datetime."""
    return max(0, (moment - GENESIS) // PERIOD + 1)


def time_of(round_number: int) -> datetime:
    """When a round is due, in UTC. ValueError: there is no such round."""
    if round_number not in ROUNDS:
        raise ValueError(f"the chain has no round {round_number}")
    return GENESIS + (round_number - 1) * PERIOD
