"""Guards of mail that is owed."""

import os
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection

from domain.mail import UNKNOWN_TRIES, Attempt
from store import outbox
from store.database import ledger_now
from store.outbox import Claimed
from tests.controls.guard import Guard
from tests.controls.removing import Removal, dropped, replaced, reworded, rewritten
from tests.controls.scenes import NOBODY, set_to
from tests.support.crashes import KILLED, in_child
from tests.support.owed_mail import bury, bury_many, delivering, mail
from tests.support.receiver import receiving
from tests.support.works import Works
from workers.delivery import Delivery
from workers.smtp import Relay
from workers.sweeper import Sweeper


def deliverers_die_when_a_mail_was_taken(works: Works) -> Iterator[str]:
    """Whoever delivers dies each time, after the receiver has taken the mail and before that could be noted."""
    send = Relay.send

    def dies(relay: Relay, *message: Any) -> Any:
        send(relay, *message)
        os._exit(KILLED)

    bury(works)
    with receiving() as receiver, delivering(works, receiver.url) as deliver, set_to(Relay, "send", dies):
        for _ in range(2 * UNKNOWN_TRIES):
            deliver.engine.dispose()
            in_child(deliver)
            works.advance("2 hours")
            Sweeper(works.scheduler, NOBODY, None).swept()
    if len(receiver.copies) > UNKNOWN_TRIES:
        yield "a mail is sent for ever"
    if mail(works).state != "dead":
        yield "nobody is told that a mail did not arrive"


def a_receiver_is_busy_at_first(works: Works) -> Iterator[str]:
    """A receiver asks to come again, and has the mail already."""
    bury(works)
    with receiving() as receiver, delivering(works, receiver.url) as deliver:
        receiver.answers.append("451 later")
        for _ in range(2):
            deliver()
            works.advance("2 hours")
    assert len(receiver.copies) == 2
    if len(set(receiver.copies)) > 1:
        yield "copies of a mail differ"


def a_sender_comes_back_late(works: Works) -> Iterator[str]:
    """A sender was away for longer than its lease; another one sends the mail now."""
    bury(works)
    kinds, lease = ["command.buried"], timedelta(minutes=5)
    with works.scheduler.begin() as connection:
        late = outbox.claim(connection, ledger_now(connection), lease, kinds)
    works.advance("1 hour")
    Sweeper(works.scheduler, NOBODY, None).swept()
    works.advance("1 hour")
    with works.scheduler.begin() as connection:
        now = ledger_now(connection)
        assert outbox.claim(connection, now, lease, kinds)
        assert late is not None
        if outbox.settle(connection, late, Attempt.REFUSED, now, "550 no") is not None:
            yield "a late result ends another's attempt"


def a_command_dies_twice(works: Works) -> Iterator[str]:
    """A command that was buried is tried again and dies again."""
    bury(works, times=2)
    if works.value("SELECT count(*) FROM outbox") > 1:
        yield "one thing is told twice"


def a_loop(works: Works) -> Iterator[str]:
    """Thirty commands of one organization die within an hour."""
    bury_many(works, 30, works.queue())
    if works.value("SELECT count(*) FROM outbox") > 10:
        yield "a loop floods the operator"


def dials_first() -> Removal:
    """The claim is committed with the result."""
    claimed = """            ready = self._ready(connection, mail, now)
        if ready is not None:
            self._settle(mail, *self.relay.send(self.sender, *ready))
"""
    dialled = """            ready = self._ready(connection, mail, now)
            said = ready and self.relay.send(self.sender, *ready)
        if said:
            self._settle(mail, *said)
"""
    return rewritten(Delivery, "deliver_one", *[(_dedented(claimed), _dedented(dialled))])


def _dedented(text: str) -> str:
    """As it stands in a method that was taken out of its class."""
    return "\n".join(line.removeprefix("    ") for line in text.splitlines())


def _kept_nowhere(connection: Connection, mail: Claimed, recipient: str, raw: bytes) -> None:
    """Every try renders the mail anew."""


GUARDS = (
    Guard(
        "claimed before dialling",
        "Extra copies of a mail come only from unknown ends, and there is a bound to them.",
        ("a mail is sent for ever", "nobody is told that a mail did not arrive"),
        deliverers_die_when_a_mail_was_taken,
        dials_first(),
    ),
    Guard(
        "rendered once",
        "All copies of a mail are the same bytes.",
        ("copies of a mail differ",),
        a_receiver_is_busy_at_first,
        replaced(outbox, "keep_rendered", _kept_nowhere),
    ),
    Guard(
        "fence on attempts",
        "Whoever comes back after the lease changes nothing of a later attempt.",
        ("a late result ends another's attempt",),
        a_sender_comes_back_late,
        reworded(outbox, "_SETTLE", ("attempts = %s AND", "%s > 0 AND")),
    ),
    Guard(
        "one mail for each thing that is told",
        "What is owed already is not owed twice.",
        ("one thing is told twice",),
        a_command_dies_twice,
        reworded(outbox, "_OWE_FEW", ("ON CONFLICT (tenant_id, dedupe_key) DO NOTHING", "")),
        dropped("outbox", "outbox_tenant_id_dedupe_key_key"),
    ),
    Guard(
        "most mails in an hour",
        "Whatever goes round in circles floods nobody.",
        ("a loop floods the operator",),
        a_loop,
        reworded(outbox, "_OWE_FEW", ("o.created_at > %s) <= %s", "o.created_at > %s) <= %s + 1000")),
    ),
)
