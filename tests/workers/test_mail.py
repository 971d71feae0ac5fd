"""Owed mail is accepted at least once or ends visibly, and all copies are one message."""

import email
import email.policy
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import requests
from pydantic import ValidationError

from cli.system.ports import free_ports
from domain.command import Envelope
from domain.decision import Decision, Reply
from domain.mail import MOST_TO_OPERATOR, UNKNOWN_TRIES, Attempt, MailState, OutboxMail
from domain.queue.commands import KnockQueue
from domain.times import Times
from runtime.broker import RedisRinger
from runtime.settings import Settings
from store import outbox
from store.database import ledger_now
from store.roles import MAINTENANCE, SCHEDULER
from store.work import Work
from tests.support.factories import sent
from tests.support.faults import handled_by
from tests.support.owed_mail import OPERATOR, bury, bury_many, delivering, mail
from tests.support.processes import running_deliverer, running_scheduler
from tests.support.receiver import DROP, Receiver, receiving
from tests.support.servers import wait_until
from tests.support.works import Works, close
from workers.delivery import mail_bell
from workers.janitor import Janitor
from workers.mail_boot import delivery
from workers.sweeper import Sweeper


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A mail server."""
    with receiving() as made:
        yield made


def sweep(works: Works) -> bool:
    """Whether the sweeper finds mail to be sent."""
    engine = works.database.engine(SCHEDULER, pool=1)
    _, due = Sweeper(engine, lambda *_: None, None).swept()
    engine.dispose()
    return due


def test_the_operator_is_told_once_about_a_command_that_was_buried_twice(works: Works, receiver: Receiver) -> None:
    buried = bury(works, times=2)
    with delivering(works, receiver.url) as deliver:
        deliver()
        deliver()
    ((recipients, raw),) = receiver.taken
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert recipients == [OPERATOR]
    assert message["Message-ID"] == f"<{mail(works).id}@harbour.test>"
    assert message["Subject"] == "Drumroll: queue.enter could not be decided"
    assert f"drumroll dead show {buried.id}" in message.get_content()
    assert "secret words" not in message.get_content()
    assert (mail(works).state, mail(works).attempts) == ("sent", 1)
    assert mail(works).tenant_id == buried.tenant_id


def test_a_flood_of_dead_commands_is_no_flood_of_mails(works: Works) -> None:
    ours, theirs = works.queue(), works.queue()
    told = "SELECT count(*) FROM outbox WHERE tenant_id = %s"
    bury_many(works, MOST_TO_OPERATOR - 2, ours)
    bury_many(works, 5, ours)
    bury_many(works, 1, ours)
    bury_many(works, 1, theirs)
    assert [works.value(told, one.tenant_id) for one in (ours, theirs)] == [MOST_TO_OPERATOR, 1]
    assert works.value("SELECT count(*) FROM dead_command") == MOST_TO_OPERATOR + 5
    works.database.advance("61 minutes")
    bury_many(works, 3, ours)
    assert works.value(told, ours.tenant_id) == MOST_TO_OPERATOR + 3


def test_mail_comes_from_whoever_the_installation_says(works: Works) -> None:
    said = {"smtp_url": "smtp://127.0.0.1:1", "domain": "harbour.test", "database_url": works.database.url(SCHEDULER)}
    assert delivery(Settings(**said)).sender == "no-reply@harbour.test"
    assert delivery(Settings(**said, mail_from="door@harbour.test")).sender == "door@harbour.test"
    for wrong in ("", "harbour.test", "a@b\r\nBcc: c@d", "Door <a@b>"):
        with pytest.raises(ValidationError):
            Settings(mail_from=wrong)


def test_a_mail_that_is_put_off_is_tried_again_later_with_the_same_bytes(works: Works, receiver: Receiver) -> None:
    receiver.answers.extend(["450 later"])
    bury(works)
    with delivering(works, receiver.url) as deliver:
        deliver()
        assert (mail(works).state, mail(works).last_error) == ("deferred", "450 later")
        assert not sweep(works)
        works.database.advance("2 minutes")
        assert sweep(works)
        deliver()
    assert mail(works).state == "sent"
    assert len(receiver.taken) == 2
    assert len(set(receiver.copies)) == 1


@pytest.mark.parametrize("at_the_recipient", [True, False], ids=["at the recipient", "after the message"])
def test_a_mail_that_is_refused_for_good_ends_as_bounced(
    works: Works, receiver: Receiver, *, at_the_recipient: bool
) -> None:
    if at_the_recipient:
        receiver.refuses = "550 nobody here"
    receiver.answers.extend(["550 nobody here"])
    bury(works)
    with delivering(works, receiver.url) as deliver:
        deliver()
        works.database.advance("2 days")
        deliver()
    assert (mail(works).state, mail(works).attempts, mail(works).last_error) == ("bounced", 1, "550 nobody here")


def test_a_message_that_nobody_answered_is_sent_twice_more_and_then_given_up(works: Works, receiver: Receiver) -> None:
    receiver.answers.extend([DROP] * 9)
    bury(works)
    states = []
    with delivering(works, receiver.url) as deliver:
        for _ in range(UNKNOWN_TRIES + 1):
            deliver()
            states.append(mail(works).state)
            works.database.advance("7 hours")
    assert states == ["unknown", "unknown", "dead", "dead"]
    assert len(receiver.taken) == UNKNOWN_TRIES
    assert len(set(receiver.copies)) == 1


def test_a_receiver_that_is_away_is_tried_until_the_mail_expires(works: Works) -> None:
    bury(works)
    with delivering(works, "smtp://127.0.0.1:1") as deliver:
        deliver()
        assert mail(works).state == "deferred"
        works.database.advance("3 days")
        assert not sweep(works)
        deliver()
    assert mail(works).state == "dead"
    assert "expired" in mail(works).last_error


def test_without_an_operator_his_mail_waits_visibly(works: Works, receiver: Receiver) -> None:
    bury(works)
    with delivering(works, receiver.url, operator=None) as deliver:
        deliver()
    assert (mail(works).state, mail(works).attempts, receiver.taken) == ("pending", 0, [])
    engine = works.database.engine(SCHEDULER, pool=1)
    with engine.begin() as connection:
        assert outbox.counted(connection, ledger_now(connection))[MailState.PENDING] == 1
    engine.dispose()


def test_a_sender_that_does_not_come_back_leaves_its_mail_to_the_next(works: Works, receiver: Receiver) -> None:
    bury(works)
    engine = works.database.engine(SCHEDULER, pool=1)
    with engine.begin() as connection:
        claimed = outbox.claim(connection, ledger_now(connection), timedelta(minutes=5), ["command.buried"])
    engine.dispose()
    assert claimed is not None
    with delivering(works, receiver.url) as deliver:
        deliver()
        assert mail(works).state == "sending"
        works.database.advance("6 minutes")
        sweep(works)
        assert mail(works).state == "unknown"
        works.database.advance("2 minutes")
        assert sweep(works)
        deliver()
    assert (mail(works).state, len(receiver.taken)) == ("sent", 1)


def test_a_sender_whose_lease_ended_does_not_overwrite_what_the_next_one_recorded(works: Works) -> None:
    bury(works)
    engine = works.database.engine(SCHEDULER, pool=1)
    with engine.begin() as connection:
        now = ledger_now(connection)
        slow = outbox.claim(connection, now, timedelta(minutes=5), ["command.buried"])
        outbox.lapse(connection, now + timedelta(minutes=6))
        quick = outbox.claim(connection, now + timedelta(minutes=20), timedelta(minutes=5), ["command.buried"])
        assert slow is not None
        assert quick is not None
        assert outbox.settle(connection, quick, Attempt.ACCEPTED, now, None) is not None
        assert outbox.settle(connection, slow, Attempt.REFUSED, now, None) is None
    engine.dispose()
    assert mail(works).state == "sent"


def test_what_a_mail_said_is_forgotten_thirty_days_after_it_was_sent(works: Works, receiver: Receiver) -> None:
    bury(works)
    with delivering(works, receiver.url) as deliver:
        deliver()
    engine = works.database.engine(MAINTENANCE, pool=1)
    works.database.advance("29 days")
    Janitor(engine)()
    assert mail(works).raw is not None
    works.database.advance("2 days")
    Janitor(engine)()
    engine.dispose()
    assert (mail(works).raw, mail(works).payload, mail(works).recipient, mail(works).state) == (None, {}, "", "sent")


def test_the_operator_hears_of_a_dead_command_within_seconds(
    works: Works, receiver: Receiver, redis_server: str
) -> None:
    settings = {"SMTP_URL": receiver.url, "OPERATOR_EMAIL": OPERATOR}
    with (
        running_deliverer(works.database, redis_server, **settings),
        running_scheduler(works.database, redis_server, **settings),
    ):
        bury(works)
        wait_until(lambda: bool(mail(works).state == "sent"), seconds=30)
    assert [recipients for recipients, _ in receiver.taken] == [[OPERATOR]]


def test_a_deliverer_shows_its_metrics(works: Works, receiver: Receiver, redis_server: str) -> None:
    (port,) = free_ports(0, 1)
    settings = {"SMTP_URL": receiver.url, "METRICS_PORT": str(port), "HOST": "127.0.0.1"}
    with running_deliverer(works.database, redis_server, **settings):
        shown = requests.get(f"http://127.0.0.1:{port}/metrics", timeout=5)
    assert "drumroll_mail_attempts_total" in shown.text


def test_asking_for_a_deliverer_again_and_again_rings_once_a_second(works: Works, redis_server: str) -> None:
    works.redis.delete("bell:mail", "drumroll:mail")
    broker = RedisRinger(redis_server)
    ring = mail_bell(works.redis, broker)
    for _ in range(5):
        ring()
    assert works.redis.llen("drumroll:mail") == 1
    works.redis.delete("bell:mail", "drumroll:mail", "drumroll:mail.msgs")
    close(broker.client)


def test_a_deliverer_without_a_receiver_does_not_start() -> None:
    with pytest.raises(SystemExit, match="SMTP_URL"):
        delivery(Settings(smtp_url=None))


def test_a_letter_that_cannot_be_written_is_put_off_and_stops_nobody(works: Works, receiver: Receiver) -> None:
    bury(works)
    works.rows("UPDATE outbox SET payload = '{}', dedupe_key = %s", str(uuid4()))
    bury(works)
    with delivering(works, receiver.url) as deliver:
        deliver()
    states = works.rows("SELECT state, count(*) AS mails FROM outbox GROUP BY state ORDER BY state")
    assert [(row.state, row.mails) for row in states] == [("deferred", 1), ("sent", 1)]


def test_a_decision_owes_its_mails_once_and_only_if_it_stands(works: Works, monkeypatch: pytest.MonkeyPatch) -> None:
    def owes(work: Work, sent: Envelope[Any], times: Times) -> Reply:
        term = (times.now, times.now + timedelta(days=3))
        mails = [OutboxMail(sent.tenant_id, uuid4(), "letter", "key", "you@harbour.test", {}, *term) for _ in range(2)]
        work.save(Decision(Reply(), saves=tuple(mails)))
        return Reply()

    handled_by(monkeypatch, KnockQueue, owes)
    queue = works.queue()
    works.append([sent(queue, KnockQueue(queue_id=queue.id)) for _ in range(2)])
    works.settle()
    assert (mail(works).tenant_id, mail(works).kind, mail(works).state) == (queue.tenant_id, "letter", "pending")
