"""What one run of the load generator found."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


def percentile(ordered: Sequence[float], share: float) -> float:
    """The smallest of `ordered` (ascending) that at least `share` (0 to 1) of all do not exceed.

    This is the nearest-rank percentile: it is always a latency that somebody really had.
    Nothing measured gives NaN, because 0 would look like a very good figure.
    """
    if not ordered:
        return math.nan
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


@dataclass(frozen=True, slots=True)
class Result:
    """Counts and latencies of the measured window, without the warm-up.

    `statuses` counts the answers by HTTP status, `broken` the connections that died with a request
    under way. `seconds` is the length of the window, `rate` answers per second of any status.
    `p50`, `p90`, `p99` and `max` are milliseconds from the moment a request was due (paced) or
    written (unpaced) to the last byte of its answer. `cpu_seconds` is what the generator itself used.
    `answered` counts the answers of the warm-up too. `samples`, when the plan keeps them, hold for each answer of the
    window the instant it was due (seconds since 1970), its milliseconds and its status. `bare` counts refusals (429, 503)
    that did not say when to come again. `spent` is microseconds of processor time
    per answer by process, when somebody measured them.
    """

    count: int
    statuses: dict[int, int]
    broken: int
    seconds: float
    rate: float
    p50: float
    p90: float
    p99: float
    max: float
    cpu_seconds: float
    answered: int = 0
    samples: tuple[tuple[float, float, int], ...] = ()
    bare: int = 0
    spent: dict[str, float] = field(default_factory=dict)

    @property
    def succeeded(self) -> int:
        """Answers with a status from 200 to 299, 202 included."""
        return sum(count for status, count in self.statuses.items() if 200 <= status < 300)

    @property
    def errors(self) -> dict[int, int]:
        """Answers with any other status, by status; broken connections under 0."""
        errors = {status: count for status, count in self.statuses.items() if not 200 <= status < 300}
        return errors | {0: self.broken} if self.broken else errors

    def as_json(self) -> dict[str, Any]:
        """Plain values for a JSON document; `from_json` reads them back."""
        return asdict(self) | {"samples": list(self.samples)}

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> Result:
        """The inverse of `as_json`; JSON knows only text as keys, hence the turning back to numbers."""
        statuses = {int(status): count for status, count in fields["statuses"].items()}
        samples = tuple((at, took, status) for at, took, status in fields["samples"])
        return cls(**{**fields, "statuses": statuses, "samples": samples})
