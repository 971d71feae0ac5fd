"""What came of a draw, drawn again from its proof file in the plainest way: one list in order, places given away along it.

It is a second opinion beside `check_draw`, and says by name who won.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from domain.fairness import entry_key

Line = Mapping[str, Any]
NOBODY: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Replay:
    """Participations by id. `in_order` are all that count: in the pool when it was drawn, the first of each household.

    `needs` says how many places each of these takes, `gone` are those who were out before the draw. After it `promoted`
    won and `returned` gave back or lost what they had won.
    """

    places: int = 0
    in_order: tuple[str, ...] = ()
    needs: Mapping[str, int] | None = None
    gone: frozenset[str] = NOBODY
    promoted: frozenset[str] = NOBODY
    returned: frozenset[str] = NOBODY

    @property
    def first(self) -> list[str]:
        """The first winners: along the order, whoever fits into what is free."""
        free, winners = self.places, list[str]()
        for entry in self.in_order:
            if self.need(entry) <= free:
                winners.append(entry)
                free -= self.need(entry)
        return winners

    @property
    def holders(self) -> set[str]:
        """Who holds a place in the end."""
        return {*self.first, *self.promoted} - self.returned

    def need(self, entry: str) -> int:
        """How many places an entry takes."""
        return (self.needs or {}).get(entry, 1)

    def passed_by(self, winners: Iterable[str], ever: Iterable[str] = ()) -> list[str]:
        """Who would still fit into the places that these winners leave free, and was in none of `ever`."""
        winning = set(winners)
        free = self.places - sum(map(self.need, winning))
        others = winning.union(ever)
        return [entry for entry in self.in_order if entry not in others and self.need(entry) <= free]


def replayed(lines: Sequence[Line]) -> Replay:
    """Draws again. A file that is empty, or of a draw that has not taken place, gives nothing."""
    document = lines[0] if lines else {}
    if not document.get("seed"):
        return Replay()
    steps = [line["step"] for line in lines if "step" in line]
    entries = [line for line in lines if line.get("leaf") == "enter"]
    gone = {line["participationId"] for line in lines if line.get("leaf") in {"leave", "deny"}}
    drawn = next(index for index, step in enumerate(steps) if step["type"] == "DRAWN")
    gone |= set(_named(steps[:drawn], "LEFT", "DENIED"))
    counted = tuple(_counted(entries, bytes.fromhex(document["seed"]), gone))
    return Replay(
        places=document["rules"]["winnerCount"],
        in_order=tuple(entry["participationId"] for entry in counted),
        needs={entry["participationId"]: entry["people"] for entry in counted},
        gone=frozenset(gone),
        promoted=frozenset(_named(steps[drawn:], "PROMOTED")),
        returned=frozenset(_named(steps[drawn:], "DECLINED", "EXPIRED", "REQUEUED", "DENIED")),
    )


def _counted(entries: Sequence[Line], seed: bytes, gone: set[str]) -> Iterator[Line]:
    """In order of their hashes, without who was gone and without the later ones of a household."""
    households: set[str] = set()
    for entry in sorted(entries, key=lambda line: entry_key(seed, line["ticket"], line["tickets"])):
        household = entry["duplicateKey"]
        if entry["participationId"] in gone or household in households:
            continue
        if household is not None:
            households.add(household)
        yield entry


def _named(steps: Iterable[Line], *types: str) -> Iterator[str]:
    return (step["participationId"] for step in steps if step["type"] in types)
