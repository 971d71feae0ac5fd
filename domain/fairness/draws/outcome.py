"""Who wins, and who wins later, replayed from the entries, their order and the step log.

Every line must be what the rules make of the lines before it; the first that is not is a contradiction.
"""

from array import array
from collections import Counter
from enum import Enum
from functools import singledispatchmethod
from typing import Final

from domain.fairness.draws import steps
from domain.fairness.draws.document import DrawDocument
from domain.fairness.draws.places import Places
from domain.fairness.draws.roll import DrawOrder, Roll
from domain.fairness.draws.rounds import FixedRound
from domain.fairness.draws.selection import UNNAMED, Fate, Turn
from domain.fairness.draws.statement import Statement
from domain.fairness.draws.steplog import Step
from domain.fairness.draws.steps import Body


class Phase(Enum):
    """How far a draw has come."""

    PENDING = "not sealed yet"
    SEALED = "sealed"
    DRAWING = "between DRAWN and SELECTED"
    DRAWN = "drawn"
    VOID = "void"


class ContradictionError(Exception):
    """A line of the step log is not what follows from all before it."""


_SINCE_SEALED: Final = frozenset({Phase.SEALED, Phase.DRAWING, Phase.DRAWN})
_SELECTING: Final = frozenset({Phase.DRAWING, Phase.DRAWN})
_STANDS_IN: Final[dict[type[Body], frozenset[Phase]]] = {
    steps.Sealed: frozenset({Phase.PENDING}),
    steps.Left: frozenset({Phase.SEALED}),
    steps.Denied: frozenset({Phase.SEALED, Phase.DRAWN}),
    steps.Rescheduled: _SINCE_SEALED,
    steps.Waiting: _SINCE_SEALED,
    steps.Drawn: frozenset({Phase.SEALED}),
    steps.Passed: _SELECTING,
    steps.Selected: frozenset({Phase.DRAWING}),
    steps.Void: _SINCE_SEALED,
}
"""In which phase a line may stand; all others stand in a draw that is drawn."""


class Outcome:
    """What has come of a draw after the lines so far.

    `seed` is the derived one, none while it cannot be derived; the entries are ranked when the draw is reached.
    """

    def __init__(self, document: DrawDocument, roll: Roll, seed: bytes | None) -> None:
        self._document, self._rules, self._roll, self._seed = document, document.rules, roll, seed
        self._places = Places(roll, DrawOrder(b"", array("H")), document.rules.places)
        self._requeues: Counter[int] = Counter()
        self._seen: Counter[type[Body]] = Counter()
        self._round: FixedRound | None = None
        self._first = steps.Selected(winners=0, places=0)
        self._by_prize: dict[str, int] | None = None
        self._denied_winners = 0
        self._passed_over: set[int] = set()
        self._at = 0
        self.phase = Phase.PENDING

    @property
    def is_selected(self) -> bool:
        """Whether the first fill is done."""
        return self._seen[steps.Selected] > 0

    @property
    def is_ended(self) -> bool:
        """Whether nobody is promoted any more."""
        return self._seen[steps.CompletedAll] + self._seen[steps.ClaimClosed] > 0

    def apply(self, step: Step) -> None:
        """Follow one more line. Raises ContradictionError when it cannot stand here or says something else."""
        body, self._at = step.body, step.at
        if self.phase not in _STANDS_IN.get(type(body), {Phase.DRAWN}):
            raise ContradictionError(f"{body.type} cannot stand here, because the draw is {self.phase.value}")
        try:
            self._follow(body)
        except ValueError as error:
            raise ContradictionError(f"{body.type} names somebody whom it cannot concern: {error}") from None
        self._seen[type(body)] += 1

    def statement(self) -> Statement:
        """Tell what came of it so far."""
        due = self._places.next() if self._promotes else None
        return Statement(
            entries=len(self._roll),
            tickets=sum(self._roll.tickets),
            places=self._rules.winner_count,
            left=self._roll.left,
            denied=self._roll.denied,
            is_selected=self.is_selected,
            is_void=self.phase is Phase.VOID or (self.phase is Phase.PENDING and self._document.draw_status == "void"),
            winners=self._first.winners,
            taken=self._first.places,
            by_prize=self._by_prize,
            passed=len(self._passed_over),
            promoted=self._seen[steps.Promoted],
            declined=self._seen[steps.Declined],
            expired=self._seen[steps.Expired],
            requeued=self._seen[steps.Requeued],
            denied_winners=self._denied_winners,
            holding=len(self._places.holding),
            free=self._places.free,
            due=None if due is None else due.candidate.number,
        )

    @property
    def _promotes(self) -> bool:
        return self._rules.backfill and not self.is_ended and self.phase is Phase.DRAWN

    @singledispatchmethod
    def _follow(self, body: Body) -> None:
        """Do what a line says; one that waits says nothing of entries."""

    @_follow.register
    def _sealed(self, body: steps.Sealed) -> None:
        document = self._document
        for member in ("count", "tickets", "log_size", "tree_head"):
            said, published = getattr(body, member), getattr(document, member)
            if said != published:
                raise ContradictionError(f"SEALED says {said} where the document says {published}")
        if (body.beacon_round is None) != (self._rules.beacon is None):
            raise ContradictionError("SEALED must name a round of the beacon exactly when the rules name a beacon")
        self._fix(body.beacon_round)
        self.phase = Phase.SEALED

    @_follow.register
    def _left(self, body: steps.Left) -> None:
        self._roll.leave(body.participation_id)

    @_follow.register
    def _denied(self, body: steps.Denied) -> None:
        number = self._roll.deny(body.participation_id, drawn=self.phase is Phase.DRAWN)
        if number in self._places.holding:
            self._denied_winners += 1
            self._places.give_back(number)

    @_follow.register
    def _rescheduled(self, body: steps.Rescheduled) -> None:
        if body.beacon_round is None:
            return
        if self._rules.beacon is None or self.phase is not Phase.SEALED:
            raise ContradictionError("RESCHEDULED names a round of the beacon where none is to be mixed in any more")
        if self._round is not None and self._round.was_unknown and self._round.is_public(self._at):
            raise ContradictionError(f"RESCHEDULED replaces round {self._round.round}, which everybody knew by then")
        self._fix(body.beacon_round)

    @_follow.register
    def _drawn(self, body: steps.Drawn) -> None:
        beacon = self._document.beacon
        mixed = None if beacon is None else steps.Mixed(round=beacon.round, randomness=beacon.randomness)
        if self._seed is None or not body.seed == self._document.seed == self._seed.hex():
            raise ContradictionError(
                f"DRAWN reveals the seed {body.seed}, which does not follow, or is not the document's"
            )
        if body.beacon != mixed or (mixed is None) != (self._rules.beacon is None):
            raise ContradictionError("DRAWN names another beacon than the document or the rules")
        if mixed is not None and self._round is not None:
            if mixed.round != self._round.round:
                fixed = self._round.round
                raise ContradictionError(f"DRAWN mixes in round {mixed.round}, but round {fixed} was fixed before")
            if not self._round.was_unknown:
                raise ContradictionError(f"DRAWN mixes in round {mixed.round}, which was public before it was fixed")
        self._places = Places(self._roll, DrawOrder(self._seed, self._roll.tickets), self._rules.places)
        self.phase = Phase.DRAWING

    @_follow.register
    def _passed(self, body: steps.Passed) -> None:
        if self.phase is Phase.DRAWN and not self._promotes:
            raise ContradictionError("PASSED stands where nobody is promoted any more")
        turn = self._places.next() if self.phase is Phase.DRAWN else self._places.fill()
        self._compare(turn, Fate.PASSED, body)
        number = self._roll.number_of(body.participation_id)
        self._passed_over.add(number)
        people = self._roll.people(number)
        free = self._places.free_of(body.prize or UNNAMED)
        if (body.people, body.free) != (people, free):
            raise ContradictionError(
                f"PASSED says {body.people} people and {body.free} free, but it is {people} and {free}"
            )

    @_follow.register
    def _selected(self, body: steps.Selected) -> None:
        turn = self._places.fill()
        if turn is not None:
            raise ContradictionError(
                f"SELECTED stands where a line must say that entry {turn.candidate.number} is passed over"
            )
        places = self._rules.winner_count - self._places.free
        found = steps.Selected(winners=len(self._places.holding), places=places)
        if body != found:
            raise ContradictionError(
                f"SELECTED says {body.winners} winners and {body.places} places, but it is {found.winners} and "
                f"{found.places}"
            )
        self._first = found
        if self._rules.prizes is not None:
            won = Counter(self._places.holding.values())
            self._by_prize = {prize: won[prize] for prize in self._rules.places}
        self._places.end_after(self._rules.alternate_count)
        self.phase = Phase.DRAWN

    @_follow.register
    def _declined(self, body: steps.Declined) -> None:
        self._places.give_back(self._roll.number_of(body.participation_id))

    @_follow.register
    def _lapsed(self, body: steps.Expired | steps.Requeued) -> None:
        number = self._roll.number_of(body.participation_id)
        rules = self._rules
        again = rules.on_expiry == "requeue" and self._requeues[number] < rules.requeue_limit and self._promotes
        if again != isinstance(body, steps.Requeued):
            raise ContradictionError(
                f"{body.type} stands where entry {number} must {'be requeued' if again else 'expire'}"
            )
        self._requeues[number] += again
        (self._places.requeue if again else self._places.give_back)(number)

    @_follow.register
    def _promoted(self, body: steps.Promoted) -> None:
        if not self._promotes:
            raise ContradictionError("PROMOTED stands where nobody is promoted any more")
        self._compare(self._places.next(), Fate.WINS, body)

    @_follow.register
    def _ended(self, body: steps.CompletedAll | steps.ClaimClosed) -> None:
        if self._seen[type(body)]:
            raise ContradictionError(f"{body.type} stands there twice")
        due = self._places.next() if self._promotes and isinstance(body, steps.CompletedAll) else None
        if due is not None:
            raise ContradictionError(
                f"COMPLETED_ALL stands where entry {due.candidate.number} is next for a free place"
            )

    @_follow.register
    def _voided(self, body: steps.Void) -> None:
        self.phase = Phase.VOID

    def _fix(self, number: int | None) -> None:
        beacon = self._rules.beacon
        if beacon is not None and number is not None:
            self._round = FixedRound(beacon.chain_hash, number, self._at)

    def _compare(self, turn: Turn | None, fate: Fate, body: steps.Passed | steps.Promoted) -> None:
        number = self._roll.number_of(body.participation_id)
        if turn is None:
            raise ContradictionError(f"{body.type} names entry {number}, but nobody is next")
        candidate = turn.candidate
        if (turn.fate, candidate.number, candidate.rank) != (fate, number, body.rank):
            what = "wins" if turn.fate is Fate.WINS else "is passed over"
            raise ContradictionError(
                f"{body.type} names entry {number} with rank {body.rank}, but entry {candidate.number} with rank "
                f"{candidate.rank} {what} next"
            )
        if body.prize != (candidate.prize or None):
            raise ContradictionError(
                f"{body.type} of entry {number} names the prize {body.prize}, but it is {candidate.prize or None}"
            )
        self._places.take(turn)
