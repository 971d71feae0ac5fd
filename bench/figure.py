"""One row of the table of figures: what was promised, what was found, and what it was made of."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from bench.pairs import Comparison


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value against the limit it must keep.

    `value` is in `unit`, and `must` is the limit in the same unit: a least value when `at_least`, else a greatest;
    None promises nothing and is told for information. `low` and `high` are the spread over the runs.
    `parts` are the absolute values beside it, by what they are. `bound_by` says which resource sets the limit.
    """

    name: str
    title: str
    value: float
    unit: str
    must: float | None
    at_least: bool
    low: float | None = None
    high: float | None = None
    parts: Mapping[str, str] = field(default_factory=dict)
    bound_by: str = ""
    runs: tuple[Mapping[str, Any], ...] = ()

    @classmethod
    def of_ratio(
        cls,
        name: str,
        title: str,
        found: Comparison,
        must: float | None,
        parts: Mapping[str, str],
        runs: tuple[Mapping[str, Any], ...] = (),
    ) -> Self:
        """A figure that says how many times faster A is than B; without `must` it is only told."""
        spread = (found.low, found.high)
        return cls(name, title, found.ratio, "times", must, True, *spread, parts=parts, runs=runs)  # noqa: FBT003

    @classmethod
    def of_most(
        cls, name: str, title: str, found: Sequence[float], unit: str, must: float, parts: Mapping[str, str]
    ) -> Self:
        """A figure that may be at most `must` in the worst of its runs; `found` holds one value for each."""
        worst = max(found, default=math.nan)
        return cls(name, title, worst, unit, must, False, min(found, default=math.nan), worst, parts)  # noqa: FBT003

    @classmethod
    def broken(cls, name: str, failure: Exception) -> Self:
        """A figure that could not be taken, which is a promise that was not kept."""
        reason = f"{type(failure).__name__}: {failure}".splitlines()[0]
        return cls(name, name, math.nan, "", None, True, parts={"could not be measured": reason})  # noqa: FBT003

    @property
    def met(self) -> bool:
        """Whether the promise was kept; NaN keeps none."""
        if math.isnan(self.value):
            return False
        if self.must is None:
            return True
        return self.value >= self.must if self.at_least else self.value <= self.must
