"""Whether what clients saw could have happened one call at a time: a search over recorded histories.

A history is linearizable when every call can be given one instant between its begin and its end such that, in the order
of these instants, a sequential specification gives every answer that was given (Herlihy and Wing, "Linearizability: A
Correctness Condition for Concurrent Objects", TOPLAS 1990). The search is that of Wing and Gong ("Testing and Verifying
Concurrent Objects", JPDC 1993): give the next instant to one of the calls that began before any open call has ended, and
go back where that leads nowhere; with Lowe's memory ("Testing for linearizability", CCPE 2017) of which calls had their
instant and what state that left, because the same two never need to be looked at twice.

An unknown outcome (a timeout, 503, 202 that nobody followed, a connection that was cut) is a call without an end: its
instant may be any after its begin, long after all others, or never.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

State = TypeVar("State", bound=Hashable)
UNKNOWN: Final = object()
"""The answer that nobody heard: every answer may have been given."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One call of one client: `begin` and `end` in seconds of one clock; without an `end` nobody knows what became of it.

    `answer` is compared by the specification alone. A call without an end may still have one, when something else has
    told what became of it, should anything have.
    """

    client: Hashable
    call: str
    argument: Any
    begin: float
    end: float | None = None
    answer: Any = UNKNOWN

    def __post_init__(self) -> None:
        """ValueError for what no client can have seen."""
        if self.end is not None and (self.end < self.begin or self.answer is UNKNOWN):
            raise ValueError(f"a call that ended has an answer, and not before it began: {self}")


Specification = Callable[[State, Operation], "State | None"]
"""The state after a call, or None when the call cannot be answered so in this state.

States are values that can be hashed. Where the operation's answer is UNKNOWN, any answer is right.
"""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found. `order` is the longest order that the specification can follow; it is a witness when `holds`.

    `stuck` are the calls of which none could come next there, `looked_at` is how many steps it took to find out.
    """

    holds: bool
    order: tuple[Operation, ...]
    stuck: tuple[Operation, ...]
    looked_at: int


class EndlessError(Exception):
    """The history was not decided within the steps that were allowed."""


def check(
    history: Iterable[Operation], start: State, specification: Specification[State], most_steps: int = 2_000_000
) -> Verdict:
    """Whether the history can have happened one call at a time. EndlessError after `most_steps`."""
    return _Search(sorted(history, key=_begin), specification, most_steps).from_state(start)


def check_apart(
    history: Iterable[Operation], by: Callable[[Operation], Hashable], start: State, specification: Specification[State]
) -> Verdict:
    """`check` for each part by itself, where parts share nothing: a history is linearizable when all its parts are.

    The first part that is not is returned; else the last.
    """
    parts: dict[Hashable, list[Operation]] = defaultdict(list)
    for operation in history:
        parts[by(operation)].append(operation)
    verdict = Verdict(holds=True, order=(), stuck=(), looked_at=0)
    for part in parts.values():
        verdict = check(part, start, specification)
        if not verdict.holds:
            break
    return verdict


def assert_linearizable(history: Sequence[Operation], start: State, specification: Specification[State]) -> None:
    """AssertionError with the place where no order goes on, when there is none."""
    verdict = check(history, start, specification)
    if not verdict.holds:
        told = [
            f"after {len(verdict.order)} of {len(history)} calls none of these can come next:",
            *map(str, verdict.stuck),
        ]
        told += ["the last before them:", *map(str, verdict.order[-12:])]
        raise AssertionError("\n".join(told))


def _begin(operation: Operation) -> float:
    return operation.begin


class _Search:
    """One search. Calls are bits of a number, in the order of their begin."""

    def __init__(self, calls: Sequence[Operation], specification: Specification[Any], most_steps: int) -> None:
        self._calls, self._specification, self._left = calls, specification, most_steps
        self._most = most_steps
        self._ends = [float("inf") if call.end is None else call.end for call in calls]
        self._wanted = sum(1 << at for at, call in enumerate(calls) if call.end is not None)

    def from_state(self, start: State) -> Verdict:
        """Depth first: each level of the stack is a call that was given its instant, and the candidates not tried yet."""
        seen: dict[tuple[int, Hashable], list[int]] = {}
        done, state, chosen, longest = 0, start, list[int](), list[int]()
        stack: list[tuple[int, Any, list[int]]] = []
        candidates = self._candidates(0)
        while done & self._wanted != self._wanted:
            at, following = self._next(done, state, candidates, seen)
            if at is not None:
                stack.append((done, state, candidates))
                done, state = done | 1 << at, following
                chosen.append(at)
                longest = list(chosen) if len(chosen) > len(longest) else longest
                candidates = self._candidates(done)
            elif stack:
                done, state, candidates = stack.pop()
                chosen.pop()
            else:
                return self._verdict(longest, holds=False)
        return self._verdict(chosen, holds=True)

    def _next(
        self, done: int, state: Any, candidates: list[int], seen: dict[tuple[int, Hashable], list[int]]
    ) -> tuple[int | None, Any]:
        """The next candidate that the specification can follow to where nobody has been; those tried are taken away."""
        while candidates:
            at = candidates.pop()
            self._left -= 1
            if self._left < 0:
                raise EndlessError(f"not decided in {self._most} steps")
            following = self._specification(state, self._calls[at])
            if following is not None and self._is_new(done | 1 << at, following, seen):
                return at, following
        return None, None

    def _is_new(self, done: int, state: Hashable, seen: dict[tuple[int, Hashable], list[int]]) -> bool:
        """Whether nobody has been here with these unknown calls or fewer."""
        ways, unknown = seen.setdefault((done & self._wanted, state), []), done & ~self._wanted
        if any(way & unknown == way for way in ways):
            return False
        ways.append(unknown)
        return True

    def _candidates(self, done: int) -> list[int]:
        """The calls that began before any open one has ended. Those that ended first come last, to be tried first.

        Whatever has no end is tried when nothing else goes on, because it may as well never have happened.
        """
        first_end, open_calls = float("inf"), list[int]()
        at = self._first_open(done)
        while at < len(self._calls) and self._calls[at].begin <= first_end:
            if not done >> at & 1:
                open_calls.append(at)
                first_end = min(first_end, self._ends[at])
            at += 1
        return sorted(open_calls, key=lambda at: (-self._ends[at], -at))

    def _first_open(self, done: int) -> int:
        """The lowest call that has no instant yet."""
        return ((done + 1) & ~done).bit_length() - 1

    def _verdict(self, order: Sequence[int], *, holds: bool) -> Verdict:
        done = sum(1 << at for at in order)
        stuck = () if holds else tuple(self._calls[at] for at in reversed(self._candidates(done)))
        return Verdict(holds, tuple(self._calls[at] for at in order), stuck, self._most - self._left)
