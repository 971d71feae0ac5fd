"""The journal of a draw, gone through event by event: what it says at every point about places, households, order and time."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar
from uuid import UUID

from tests.chaos.storm.book import Look
from tests.chaos.storm.pages import Page
from tests.chaos.storm.replay import Event, Place, Replay, moment

IN, WINS = "ENTERED", "WON"
OUT = frozenset({"LEFT"})
HOLDS = frozenset({WINS, "COMPLETED"})


class DrawReplay(Replay):
    """A draw from its first page to its last. `entries` are its rows, for how many places each needs and its household.

    `held` counts places that winners hold, `delays` are the seconds by which what was due by itself came late.
    """

    kind: ClassVar[str] = "draw"
    steps: ClassVar[Mapping[str, Callable[[Any, Event], None]]] = {}
    settings_by: ClassVar[str] = "winnerCount"

    def __init__(self, pages: Iterable[Page], entries: Iterable[Any]) -> None:
        self._rows = {str(row.id): row for row in entries}
        self._states: dict[tuple[str, int], str] = {}
        self.sealed = self.drawn = self.over = False
        self.held = self.winners = self.promoted = 0
        self.delays: list[tuple[str, float]] = []
        super().__init__(pages)

    @property
    def counts(self) -> tuple[int, int, int, int, int]:
        """Who takes part, places that are held, winners, live grants and places that were used, as the events left them."""
        return self.waiting, self.held, self.winners, self.inside, self.completed

    def told_rightly(self, look: Look) -> bool:
        """Whether a participation was ever in the state that was told of it; in the end who did not win is denied."""
        lost = look.status == "DENIED" and self._states.get((look.participation, look.version - 1)) == IN
        return self._states.get((look.participation, look.version)) == look.status or (self.over and lost)

    def ended_as(self, own_id: str) -> str:
        """What somebody is told when all is over."""
        status = self.places[own_id].status if own_id in self.places else "NOT_ENTERED"
        return "DENIED" if status == IN and self.over else status

    def _turn(self, page: Page) -> None:
        super()._turn(page)
        for own_id, place in self.places.items():
            self._states[own_id, place.version] = place.status

    def _entered(self, event: Event) -> None:
        own_id, consumer_id = event["participationId"], event["consumerId"]
        if own_id in self.places:
            self.findings.impossible.append(f"{own_id} entered twice")
        if any(one.consumer_id == consumer_id and one.status not in OUT for one in self.places.values()):
            self.findings.impossible.append(f"{consumer_id} takes part twice")
        if self.sealed:
            self.findings.impossible.append(f"{own_id} entered after the freeze")
        if event["entrantNumber"] != self.tickets + 1:
            self.findings.disorder.append(f"{own_id} is entrant {event['entrantNumber']} after {self.tickets}")
        self.places[own_id] = Place(consumer_id, IN)
        self._states[own_id, 1] = IN
        self.waiting, self.tickets = self.waiting + 1, self.tickets + 1
        self._within("capacity", self.waiting, own_id)

    def _won(self, event: Event) -> None:
        own_id, rank = event["participationId"], event.get("rank")
        place = self._moved(event, {IN}, WINS)
        place.expires_at = moment(event["expiresAt"])
        self.waiting, self.winners, self.inside = self.waiting - 1, self.winners + 1, self.inside + 1
        self.held += self._needs(own_id)
        self._within("winnerCount", self.held, own_id)
        self.promoted += event["promoted"]
        if not self.drawn:
            self.findings.impossible.append(f"{own_id} won before the draw")
        if rank is not None and not event["promoted"] and rank <= self._rank:
            self.findings.disorder.append(f"{own_id} of rank {rank} won after rank {self._rank}")
        self._rank = self._rank if event["promoted"] or rank is None else rank
        if self._household_holds(own_id):
            self.findings.beyond.append(f"{own_id} won, and another one of its household")

    def _completed(self, event: Event) -> None:
        self._moved(event, {WINS}, "COMPLETED")
        self.inside, self.completed = self.inside - 1, self.completed + self._needs(event["participationId"])

    def _requeued(self, event: Event) -> None:
        self._lapsed(event, event["requeuedAt"])
        self._gives_back(event["participationId"])
        self._moved(event, {WINS}, IN)
        self.waiting += 1
        if event["requeueCount"] > int(self.config.get("requeueLimit", 1)):
            self.findings.beyond.append(f"{event['participationId']} went back {event['requeueCount']} times")

    def _gone(self, event: Event, status: str) -> None:
        before = self.places.get(event["participationId"])
        if before is not None and before.status == WINS:
            self._gives_back(event["participationId"])
        else:
            self.waiting -= 1
        self._moved(event, {IN, WINS}, status)

    def _sealed(self, event: Event) -> None:
        self._due("sealed", "closeAt", event["sealedAt"], once=self.sealed)
        self.sealed = True
        if event["totalEntrants"] != self.tickets:
            self.findings.disorder.append(f"{event['totalEntrants']} were frozen, and {self.tickets} had come")

    def _drawn(self, event: Event) -> None:
        self._due("drawn", "drawAt", event["drawnAt"], once=self.drawn)
        self.drawn = True

    def _ended(self, event: Event) -> None:
        self.over = True
        if event["completedCount"] != self.completed:
            self.findings.disorder.append(f"{event['completedCount']} completed, by the events {self.completed}")

    def _due(self, what: str, setting: str, text: str, *, once: bool) -> None:
        happened, due = moment(text), self.config.get(setting)
        late = (happened - moment(due)).total_seconds() if due else 0.0
        if once:
            self.findings.untimely.append(f"{what} twice, at {happened} too")
        if late < 0:
            self.findings.untimely.append(f"{what} at {happened}, which is before {due}")
        self.delays.append((what, late))

    def _gives_back(self, own_id: str) -> None:
        self.held -= self._needs(own_id)
        self.winners, self.inside = self.winners - 1, self.inside - 1

    def _needs(self, own_id: str) -> int:
        row = self._rows.get(own_id)
        return row.people if row else 1

    def _household_holds(self, own_id: str) -> bool:
        row = self._rows.get(own_id)
        key = row and row.duplicate_key
        return bool(key) and any(
            other != own_id and place.status in HOLDS and other in self._rows and self._rows[other].duplicate_key == key
            for other, place in self.places.items()
        )


DrawReplay.steps = {
    "draw.consumer.entered": DrawReplay._entered,
    "draw.consumer.won": DrawReplay._won,
    "draw.consumer.completed": DrawReplay._completed,
    "draw.consumer.left": DrawReplay._left,
    "draw.consumer.denied": DrawReplay._denied,
    "draw.consumer.requeued": DrawReplay._requeued,
    "draw.sealed": DrawReplay._sealed,
    "draw.drawn": DrawReplay._drawn,
    "draw.completed": DrawReplay._ended,
    "distribution.changed": DrawReplay._changed,
}


def draw_replays(pages: Mapping[UUID, Iterable[Page]], entries: Iterable[Any]) -> dict[UUID, DrawReplay]:
    """The journal of each draw, gone through."""
    rows: dict[UUID, list[Any]] = {own_id: [] for own_id in pages}
    for row in entries:
        rows.setdefault(row.draw_id, []).append(row)
    return {own_id: DrawReplay(of_draw, rows[own_id]) for own_id, of_draw in pages.items()}
