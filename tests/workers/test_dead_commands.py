"""Commands that could not be decided wait for an operator, who has them decided again or forgets them."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from typer.testing import CliRunner, Result

from cli.dead import dead_app
from cli.errors import ObstacleError
from domain.command import Envelope
from domain.decision import Refused, Reply
from domain.queue.commands import EnterQueue
from domain.queue.state import Queue
from domain.times import Times
from store.roles import MAINTENANCE
from store.work import Work
from tests.support.factories import entering
from tests.support.faults import handled_by
from tests.support.works import Works


@pytest.fixture
def drumroll(works: Works, monkeypatch: pytest.MonkeyPatch) -> Any:
    """`drumroll dead ...` as an operator types it."""
    monkeypatch.setenv("MAINTENANCE_DATABASE_URL", works.database.url(MAINTENANCE))
    monkeypatch.setenv("REDIS_URL", works.redis_url)
    monkeypatch.setenv("COLUMNS", "200")

    def typed(*words: object) -> Result:
        return CliRunner().invoke(dead_app, [str(word) for word in words])

    return typed


def raises(work: Work, sent: Envelope[Any], times: Times) -> Reply | Refused:
    """A bug."""
    raise ZeroDivisionError("by nothing")


def died(works: Works, *, keyed: str | None = None) -> tuple[Queue, Envelope[EnterQueue]]:
    """Somebody who wanted to join while joining was broken."""
    queue = works.queue()
    one = entering(queue, keyed=keyed)
    works.append([one])
    with pytest.MonkeyPatch.context() as broken:
        handled_by(broken, EnterQueue, raises)
        works.settle()
    assert code(works, queue, one.id) == "INTERNAL_ERROR"
    return queue, one


def code(works: Works, queue: Queue, command_id: UUID) -> str | None:
    """The code of a refusal, None for a yes."""
    refused = works.outcomes(queue, [command_id])[command_id].get("refused")
    return refused and str(refused["code"])


def dead_ids(works: Works) -> list[UUID]:
    """Who waits for an operator."""
    return [row.id for row in works.rows("SELECT id FROM dead_command ORDER BY died_at")]


def test_an_operator_sees_what_died_and_why(works: Works, drumroll: Any) -> None:
    assert "No command waits" in drumroll("list").output
    _, one = died(works)
    listed, shown = drumroll("list").output, drumroll("show", one.id).output
    assert str(one.id) in listed
    assert "ZeroDivisionError: by nothing" in listed
    assert "Traceback" in shown
    assert str(one.body.consumer_id) in shown


@pytest.mark.parametrize("keyed", [None, "fingerprint"], ids=["without a key", "with a key"])
def test_a_retried_command_is_decided_again_as_of_the_moment_it_came(
    works: Works, drumroll: Any, keyed: str | None
) -> None:
    queue, one = died(works, keyed=keyed)
    came = works.value("SELECT received_at FROM dead_command")
    works.database.advance("1 hour")

    result = drumroll("retry", one.id)
    works.settle()

    assert result.exit_code == 0
    assert "is in the log again" in result.output
    assert code(works, queue, one.id) is None
    entry = works.rows("SELECT id, received_at, entered_at FROM queue_entry WHERE queue_id = %s", queue.id)[0]
    assert (entry.id, entry.received_at, entry.entered_at - came > timedelta(minutes=59)) == (one.id, came, True)
    assert dead_ids(works) == []


def test_a_retry_that_fails_again_waits_again(works: Works, drumroll: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    queue, one = died(works, keyed="fingerprint")
    handled_by(monkeypatch, EnterQueue, raises)
    drumroll("retry", one.id)
    works.settle()
    assert dead_ids(works) == [one.id]
    assert code(works, queue, one.id) == "INTERNAL_ERROR"
    assert works.value("SELECT count(*) FROM outbox") == 1


def test_a_sender_who_repeats_a_command_that_broke_is_answered_anew(works: Works) -> None:
    queue, one = died(works, keyed="fingerprint")
    works.append([one])
    works.settle()
    assert code(works, queue, one.id) is None


def test_a_retry_after_the_sender_has_repeated_it_changes_nothing(works: Works, drumroll: Any) -> None:
    queue, one = died(works, keyed="fingerprint")
    works.append([one])
    works.settle()
    drumroll("retry", one.id)
    works.settle()
    assert works.value("SELECT count(*) FROM queue_entry WHERE queue_id = %s", queue.id) == 1
    assert code(works, queue, one.id) is None


def test_a_discarded_command_is_gone(works: Works, drumroll: Any) -> None:
    _, one = died(works)
    assert "is forgotten" in drumroll("discard", one.id, "--yes").output
    assert (dead_ids(works), works.waiting()) == ([], [])


def test_nothing_is_discarded_without_a_yes(works: Works, drumroll: Any) -> None:
    _, one = died(works)
    assert drumroll("discard", one.id).exit_code != 0
    assert dead_ids(works) == [one.id]


@pytest.mark.parametrize("verb", ["show", "retry"])
def test_an_id_that_is_not_there_is_said_to_be_missing(drumroll: Any, verb: str) -> None:
    for wrong in (uuid4(), "not-an-id"):
        result = drumroll(verb, wrong)
        assert isinstance(result.exception, ObstacleError)
        assert "drumroll dead list" in str(result.exception)


def test_a_command_of_a_newer_version_is_not_lost_by_a_retry(works: Works, drumroll: Any) -> None:
    _, one = died(works)
    works.rows("UPDATE dead_command SET envelope = jsonb_set(envelope::jsonb, '{2}', '9')::json")
    result = drumroll("retry", one.id)
    assert "newer version" in str(result.exception)
    assert dead_ids(works) == [one.id]
