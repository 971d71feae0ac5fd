"""The journal of a queue, gone through event by event: what it says at every point about places, limits, order and time."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar

from tests.chaos.storm.pages import Page

Event = Mapping[str, Any]


@dataclass(slots=True)
class Place:
    """One participation as the events left it."""

    consumer_id: str
    status: str = "QUEUED"
    version: int = 1
    expires_at: datetime | None = None


@dataclass(slots=True)
class Findings:
    """What does not hold, by the fact that it breaks."""

    impossible: list[str] = field(default_factory=list)
    beyond: list[str] = field(default_factory=list)
    disorder: list[str] = field(default_factory=list)
    untimely: list[str] = field(default_factory=list)


class Replay:
    """A queue from its first page to its last. `lapses` are the seconds by which grants lapsed late."""

    kind: ClassVar[str] = "queue"
    steps: ClassVar[Mapping[str, Callable[[Any, Event], None]]] = {}
    settings_by: ClassVar[str] = "admitRate"

    def __init__(self, pages: Iterable[Page]) -> None:
        self.places: dict[str, Place] = {}
        self.waiting = self.inside = self.admitted = self.completed = self.tickets = 0
        self.opened_at: list[datetime] = []
        self.lapses: list[float] = []
        self.findings = Findings()
        self._version, self._rank, self._held = 0, -1, False
        self._at: datetime | None = None
        self._configs: dict[int, Mapping[str, Any]] = {}
        for page in pages:
            self._turn(page)

    @property
    def counts(self) -> tuple[int, int, int, int, int]:
        """Waiting, inside, admitted, completed and tickets, as the events left them."""
        return self.waiting, self.inside, self.admitted, self.completed, self.tickets

    @property
    def config(self) -> Mapping[str, Any]:
        """The settings in force: those that were told with the latest version so far."""
        known = [version for version in self._configs if version <= self._version]
        return self._configs[max(known)] if known else {}

    def _turn(self, page: Page) -> None:
        if self._at is not None and page.at < self._at:
            self.findings.untimely.append(f"{self.kind} {page.aggregate_id}: {page.at} comes after {self._at}")
        self._at = page.at
        for body in self._facts(page.replies or ()):
            self._configs[int(body["version"])] = body
        for event in page.events:
            step = self.steps.get(event["type"])
            if step is not None:
                step(self, event)

    def _entered(self, event: Event) -> None:
        own_id, consumer_id = event["participationId"], event["consumerId"]
        if own_id in self.places:
            self.findings.impossible.append(f"{own_id} entered twice")
        if any(one.consumer_id == consumer_id and one.status in {"QUEUED", "GRANTED"} for one in self.places.values()):
            self.findings.impossible.append(f"{consumer_id} has two places")
        if event["ticket"] != self.tickets:
            self.findings.disorder.append(f"{own_id} has ticket {event['ticket']}, the next was {self.tickets}")
        self.places[own_id] = Place(consumer_id)
        self.waiting, self.tickets = self.waiting + 1, self.tickets + 1
        self._within("capacity", self.waiting, own_id)

    def _granted(self, event: Event) -> None:
        place = self._moved(event, {"QUEUED"}, "GRANTED")
        place.expires_at = moment(event["expiresAt"])
        self.waiting, self.inside, self.admitted = self.waiting - 1, self.inside + 1, self.admitted + 1
        if event["outOfTurn"]:
            return  # because whoever is let in by hand is let in whatever the limits and the order
        own_id = event["participationId"]
        self._within("maxActiveGrants", self.inside, own_id)
        self._within("maxAdmissions", self.admitted, own_id)
        if event["rank"] <= self._rank:
            self.findings.disorder.append(f"{own_id} of rank {event['rank']} went in after rank {self._rank}")
        if self._held:
            self.findings.disorder.append(f"{own_id} went in during a pause")
        self._rank = max(self._rank, event["rank"])

    def _completed(self, event: Event) -> None:
        self._moved(event, {"GRANTED"}, "COMPLETED")
        self.inside, self.completed = self.inside - 1, self.completed + 1

    def _left(self, event: Event) -> None:
        self._gone(event, "LEFT")

    def _denied(self, event: Event) -> None:
        if event["reason"] == "ADMISSION_EXPIRED":
            self._lapsed(event, event["deniedAt"])
        self._gone(event, "DENIED")

    def _requeued(self, event: Event) -> None:
        self._lapsed(event, event["requeuedAt"])
        self._moved(event, {"GRANTED"}, "QUEUED")
        if event["ticket"] != self.tickets:
            self.findings.disorder.append(f"{event['participationId']} went back with ticket {event['ticket']}")
        if event["requeueCount"] > int(self.config.get("requeueLimit", 1)):
            self.findings.beyond.append(f"{event['participationId']} went back {event['requeueCount']} times")
        self.inside, self.admitted = self.inside - 1, self.admitted - 1
        self.waiting, self.tickets = self.waiting + 1, self.tickets + 1

    def _opened(self, event: Event) -> None:
        opens = self.config.get("openAt")
        fixed_at = moment(event["fixedAt"])
        if opens is not None and fixed_at < moment(opens):
            self.findings.untimely.append(f"opened at {fixed_at}, which is before {opens}")
        if event["cohortSize"] != self.tickets:
            self.findings.disorder.append(f"the order is of {event['cohortSize']}, and {self.tickets} had come")
        self.opened_at.append(fixed_at)

    def _changed(self, event: Event) -> None:
        self._version += 1
        self._held = {"paused": True, "resumed": False}.get(event["change"], self._held)

    def _gone(self, event: Event, status: str) -> None:
        before = self.places.get(event["participationId"])
        inside = before is not None and before.status == "GRANTED"
        self._moved(event, {"QUEUED", "GRANTED"}, status)
        if inside:
            self.inside, self.admitted = self.inside - 1, self.admitted - 1
        else:
            self.waiting -= 1

    def _lapsed(self, event: Event, at: str) -> None:
        place, grace = self.places.get(event["participationId"]), int(self.config.get("completionGraceSeconds", 0))
        if place is None or place.expires_at is None:
            return
        late = moment(at) - place.expires_at - timedelta(seconds=grace)
        if late < timedelta(0):
            self.findings.untimely.append(f"{event['participationId']} lapsed {-late} too early")
        self.lapses.append(late.total_seconds())

    def _moved(self, event: Event, before: set[str], after: str) -> Place:
        own_id = event["participationId"]
        place = self.places.setdefault(own_id, Place(event["consumerId"], "nobody", event["stateVersion"] - 1))
        if place.status not in before:
            self.findings.impossible.append(f"{own_id} was {place.status} and became {after}")
        if event["stateVersion"] != place.version + 1:
            self.findings.impossible.append(f"{own_id} came from version {place.version} to {event['stateVersion']}")
        place.status, place.version = after, event["stateVersion"]
        return place

    def _facts(self, replies: Sequence[Any]) -> Iterable[Mapping[str, Any]]:
        """The replies that tell the settings."""
        return (reply["body"] for reply in replies if reply and self.settings_by in reply.get("body", ()))

    def _within(self, limit: str, used: int, own_id: str) -> None:
        most = self.config.get(limit)
        if most is not None and used > most:
            self.findings.beyond.append(f"{own_id} makes {used} where {limit} is {most}")


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


Replay.steps = {
    "queue.consumer.entered": Replay._entered,
    "queue.consumer.granted": Replay._granted,
    "queue.consumer.completed": Replay._completed,
    "queue.consumer.left": Replay._left,
    "queue.consumer.denied": Replay._denied,
    "queue.consumer.requeued": Replay._requeued,
    "queue.order.fixed": Replay._opened,
    "distribution.changed": Replay._changed,
}
