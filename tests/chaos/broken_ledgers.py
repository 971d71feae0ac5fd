"""A storm made by hand, broken in one way each, and which fact says so: what the ledger, the mail and the faults tell."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from tests.chaos.broken_calls import COMPLETED, ENTERED, GRAVE, Break, call, on_evidence, page
from tests.chaos.storm.agent import Happened
from tests.chaos.storm.plan import Planned
from tests.chaos.tale import Tale


def settings(tale: Tale, **changes: Any) -> None:
    """The queue was made with other settings."""
    tale.pages[0].replies[0]["body"].update(changes)


def version_left_out(tale: Tale) -> None:
    page(tale, COMPLETED).events[0]["stateVersion"] += 1


def two_places(tale: Tale) -> None:
    page(tale, ENTERED, last=True).events[0]["consumerId"] = "ben"


def too_many_wait(tale: Tale) -> None:
    settings(tale, capacity=0)


def too_many_inside(tale: Tale) -> None:
    settings(tale, maxActiveGrants=0)


def too_many_admitted(tale: Tale) -> None:
    settings(tale, maxAdmissions=0)


def rank_passed_over(tale: Tale) -> None:
    page(tale, "queue.consumer.granted", last=True).events[0]["rank"] = 0


def ticket_left_out(tale: Tale) -> None:
    page(tale, ENTERED, last=True).events[0]["ticket"] = 5


def overtaken(tale: Tale) -> None:
    first, second = call(tale, "enter ann"), call(tale, "enter ben")
    first.began, first.answered = second.answered + 1, second.answered + 2


def let_in_during_a_pause(tale: Tale) -> None:
    page(tale, "queue.order.fixed").events.append({"type": "distribution.changed", "change": "paused"})
    effect = (("distribution.changed", f"{tale.pages[0].aggregate_id} paused"),)
    tale.calls[0].causes = tale.calls[0].caused = tale.calls[0].causes + effect


def opened_early(tale: Tale) -> None:
    settings(tale, openAt="2026-11-22T00:00:03+00:00")


def lapsed_early(tale: Tale) -> None:
    page(tale, "queue.consumer.denied").events[0]["deniedAt"] = "2026-11-22T00:00:09+00:00"


def lapsed_late(tale: Tale) -> None:
    page(tale, "queue.consumer.denied").events[0]["deniedAt"] = "2026-11-22T00:05:00+00:00"


def time_runs_back(tale: Tale) -> None:
    tale.pages[-1] = replace(tale.pages[-1], at=tale.pages[0].at)


def dated_by_another_clock(tale: Tale) -> None:
    tale.pages[:] = [replace(one, at=one.at.replace(year=2025)) for one in tale.pages]


def row_of_another_count(tale: Tale) -> None:
    tale.after.append(lambda evidence: setattr(evidence.queues[0], "waiting", 4))


def row_of_another_status(tale: Tale) -> None:
    tale.after.append(lambda evidence: setattr(evidence.entries[0], "status", "COMPLETED"))


def row_that_nobody_wrote_of(tale: Tale) -> None:
    stray = SimpleNamespace(tenant_id=UUID(int=1), id=GRAVE, queue_id=UUID(int=2), status="LEFT", version=2)
    tale.after.append(lambda evidence: setattr(evidence, "entries", [*evidence.entries, stray]))


def row_of_a_stranger(tale: Tale) -> None:
    tale.after.append(lambda evidence: setattr(evidence.entries[0], "tenant_id", UUID(int=4)))


def mail(state: str) -> Any:
    """A mail that is owed for the grave."""
    return SimpleNamespace(id=GRAVE, state=state)


def dead(kind: str) -> Any:
    """What is buried."""
    return SimpleNamespace(id=GRAVE, type=kind, error="by nothing")


def letter(text: str) -> bytes:
    """A message that came."""
    return f"Message-ID: <{GRAVE}@storm.test>\n\n{text}".encode()


def poisoned(state: str, *letters: bytes) -> Break:
    """One batch of poison was put in and buried; its mail stands so, and these messages came."""

    def breaks(tale: Tale) -> None:
        on_evidence(mails=[mail(state)], dead=[dead("unreadable")], received=letters)(tale)
        tale.after.append(lambda evidence: setattr(evidence.poison, "sure", 1))

    return breaks


def long_silence(tale: Tale) -> None:
    planned = Planned(0.0, "Redis killed", "redis", 0.0, 0)
    tale.more["happened"] = [Happened(planned, 0.0, -40.0)]


def silence_to_the_end(tale: Tale) -> None:
    planned = Planned(0.0, "Redis killed", "redis", 0.0, 0)
    tale.more["happened"] = [Happened(planned, 0.0, 1_000.0)]


def agent_that_could_not(tale: Tale) -> None:
    planned = Planned(0.0, "Redis killed", "redis", 0.0, 0)
    tale.more["happened"] = [Happened(planned, 0.0, 0.0, "TimeoutError")]


LEDGERS: list[tuple[str, Break]] = [
    ("impossible", version_left_out),
    ("impossible", two_places),
    ("beyond", too_many_wait),
    ("beyond", too_many_inside),
    ("beyond", too_many_admitted),
    ("disordered", rank_passed_over),
    ("disordered", ticket_left_out),
    ("disordered", overtaken),
    ("disordered", let_in_during_a_pause),
    ("unproved", on_evidence(unproved=["opening 0: the seed is another"])),
    ("unlike", row_of_another_count),
    ("unlike", row_of_another_status),
    ("unlike", row_that_nobody_wrote_of),
    ("unlike", on_evidence(miskept=["a grant"])),
    ("mistimed", opened_early),
    ("mistimed", lapsed_early),
    ("mistimed", lapsed_late),
    ("mistimed", time_runs_back),
    ("misdated", dated_by_another_clock),
    ("unsent", poisoned("deferred")),
    ("unsent", poisoned("sent")),
    ("unsent", poisoned("sent", letter("one"), letter("another"))),
    ("unsent", on_evidence(received=[letter("from nobody")])),
    ("misburied", on_evidence(mails=[mail("dead")], dead=[dead("queue.enter")])),
    ("misburied", on_evidence(mails=[mail("dead")])),
    ("unfinished", on_evidence(pending={"commands in the log": 1})),
    ("strange", row_of_a_stranger),
    ("slow", long_silence),
    ("slow", agent_that_could_not),
    ("slow", silence_to_the_end),
]
