"""The ordinary endpoint does its duties, because a baseline that skips one would flatter us."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import orjson
import psycopg
import pytest

from bench.load import run, run_plan
from bench.ordinary.installation import Ordinary, ordinary
from bench.plan import Plan

pytest.importorskip("greenlet", reason="because SQLAlchemy's asyncio extra is what the ordinary way is written with")


@pytest.fixture(scope="module")
def service(postgres_server: str, redis_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ordinary]:
    log = tmp_path_factory.mktemp("ordinary") / "log"
    with ordinary(postgres_server, redis_server, log, people=40) as running:
        yield running


def answers(service: Ordinary, requests: list[bytes], connections: int = 1) -> list[tuple[int, Any]]:
    found: list[tuple[int, Any]] = []
    plan = Plan(service.host, service.port, connections)
    run_plan(plan, requests, lambda status, body: found.append((status, orjson.loads(body))))
    return found


def change(service: Ordinary, queue_id: UUID, change: bytes) -> None:
    with psycopg.connect(service.database, autocommit=True) as connection:
        connection.execute(b"UPDATE queue SET " + change + b" WHERE id = %s", (queue_id,))


def test_people_enter_in_order_and_everything_is_kept(service: Ordinary) -> None:
    queue_id = service.new_queue()
    states = answers(service, list(service.enters(queue_id))[20:30])
    assert [status for status, _ in states] == [200] * 10
    assert [state["position"] for _, state in states] == list(range(1, 11))
    assert set(states[0][1]["_links"]) == {"self", "status", "leave", "events"}
    assert service.entered(queue_id) == 10
    with psycopg.connect(service.database) as connection:
        kept = connection.execute(
            "SELECT count(*) FROM outcome JOIN participation p ON p.id = command_id WHERE queue_id = %s", (queue_id,)
        ).fetchone()
    assert kept == (10,)


def test_entering_twice_keeps_the_first_place(service: Ordinary) -> None:
    queue_id = service.new_queue()
    first, second = list(service.enters(queue_id))[:2]
    states = [state for _, state in answers(service, [first, second, first])]
    assert [state["position"] for state in states] == [1, 2, 1]
    assert states[0]["participationId"] == states[2]["participationId"]


def test_many_copies_at_once_are_one_place(service: Ordinary) -> None:
    queue_id = service.new_queue()
    request = list(service.enters(queue_id))[7]
    result = run(service.host, service.port, [request] * 8, connections=8)
    assert result.statuses == {200: 8}
    assert service.entered(queue_id) == 1


def test_a_token_of_somebody_else_is_refused(service: Ordinary) -> None:
    request = list(service.enters(service.new_queue()))[2]
    forged = request.replace(b"eyJ", b"eyK", 1)
    assert [status for status, _ in answers(service, [forged])] == [401]


@pytest.mark.parametrize(
    ("setting", "status"),
    [
        (b"ended = true", 409),
        (b"paused = true", 409),
        (b"open_at = now() + interval '1 h'", 423),
        (b"supports_guest = false", 403),
        (b"capacity = 0", 409),
    ],
)
def test_a_queue_that_takes_nobody_says_why(service: Ordinary, setting: bytes, status: int) -> None:
    queue_id = service.new_queue()
    change(service, queue_id, setting)
    request = list(service.enters(queue_id))[3]
    assert [found for found, _ in answers(service, [request])] == [status]


def test_an_unknown_queue_is_not_found(service: Ordinary) -> None:
    request = list(service.enters(UUID(int=7)))[4]
    assert [status for status, _ in answers(service, [request])] == [404]


def test_the_eleventh_entry_within_ten_seconds_is_too_many(service: Ordinary) -> None:
    request = list(service.enters(service.new_queue()))[5]
    statuses = [status for status, _ in answers(service, [request] * 12)]
    assert statuses[:10] == [200] * 10
    assert 429 in statuses


def test_the_service_cannot_see_what_belongs_to_nobody_it_named(service: Ordinary) -> None:
    queue_id = service.new_queue()
    with psycopg.connect(service.database) as connection:
        connection.execute("SET ROLE ordinary_app")
        unseen = connection.execute("SELECT count(*) FROM queue").fetchone()
        connection.execute("SELECT set_config('ordinary.tenant', %s, true)", (str(service.tenant_id),))
        seen = connection.execute("SELECT count(*) FROM queue WHERE id = %s", (queue_id,)).fetchone()
    assert (unseen, seen) == ((0,), (1,))


def test_a_session_that_was_ended_enters_nothing(service: Ordinary) -> None:
    queue_id = service.new_queue()
    request = list(service.enters(queue_id))[6]
    with psycopg.connect(service.database, autocommit=True) as connection:
        connection.execute("UPDATE session SET revoked_at = now()")
        try:
            assert [status for status, _ in answers(service, [request])] == [401]
        finally:
            connection.execute("UPDATE session SET revoked_at = NULL")
    assert service.entered(queue_id) == 0
