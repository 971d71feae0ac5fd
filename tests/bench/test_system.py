"""What is made for a figure is what people would have made: people, lines, openings."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import orjson
import psycopg
import pytest

from bench.bench import Bench
from bench.big_draw import BigDraw, big_draw
from bench.drawing import watched as drawn
from bench.entering import Entering, EnteringThere
from bench.figures.enters import enters_once
from bench.load import run_plan
from bench.long_line import LongLine, long_line
from bench.plan import Plan
from bench.rows import one_row
from bench.seeding import waiting_crowd
from bench.system import HOST, System, running_system
from bench.usage import family
from bench.watching import watched
from cli.verify import check
from domain.fairness import is_proved
from store.roles import WORKER
from tests.support.servers import temporary_state


@pytest.fixture(scope="module")
def system() -> Iterator[System]:
    with temporary_state() as folder, running_system(folder / "state") as running:
        yield running


@pytest.fixture(scope="module")
def line(system: System) -> LongLine:
    return long_line(system, waiting=300, pollers=30)


def answers(system: System, requests: list[bytes]) -> list[tuple[int, dict[str, object]]]:
    found: list[tuple[int, dict[str, object]]] = []
    run_plan(Plan(HOST, system.port, 1), requests, lambda status, body: found.append((status, orjson.loads(body))))
    return found


def proved(system: System, queue_id: UUID, kind: str = "queues") -> bool:
    admin = f"http://{system.host}:{system.port}/admin/api/v1"
    return is_proved(check(f"{admin}/{kind}/{queue_id}/proof", key=system.organization.test.secret))


def test_a_crowd_that_was_written_in_bulk_waits_in_an_order_that_is_proved(system: System) -> None:
    crowd = waiting_crowd(system, 40)
    told = answers(system, system.polls(crowd.queue_id, crowd.people))
    assert [status for status, _ in told] == [200] * 40
    waiting = [state for _, state in told if state["status"] == "QUEUED"]
    assert len({state["position"] for state in waiting}) == len(waiting) >= 30
    assert proved(system, crowd.queue_id)


def test_what_was_entered_is_counted_in_the_store(system: System) -> None:
    entering = Entering(system, lambda: system.people(12_000), serving=True)
    result = enters_once(entering, 0.2, system.meter)
    assert result.succeeded == result.count > 0
    assert result.answered >= result.count
    assert result.spent["worker"] > 0


def test_a_long_line_opens_as_often_as_it_is_put_back(system: System, line: LongLine) -> None:
    for wanted in (5, 9):
        opens_at = line.rewind(timedelta(seconds=0.5), admit_rate=60 * wanted, max_admissions=wanted)
        admission = watched(line, wanted)
        assert opens_at <= line.first_grant() <= admission.last_at
    assert proved(system, line.queue_id)
    with system.connect() as connection:
        granted = one_row(
            connection, b"SELECT count(*) FROM queue_entry WHERE queue_id = %s AND status = 'GRANTED'", (line.queue_id,)
        )
    assert granted == (9,)


def test_people_join_a_line_that_was_written_in_bulk(system: System, line: LongLine) -> None:
    crowd = EnteringThere(system, lambda: system.people(3), queue_id=line.queue_id)
    line.rewind(timedelta(days=1))
    before = crowd.entered(line.queue_id)
    states = answers(system, list(crowd.enters(crowd.new_queue())))
    assert [(status, state["status"]) for status, state in states] == [(200, "QUEUED")] * 3
    assert crowd.entered(line.queue_id) == before + 3


def test_a_quick_bench_is_a_hundredth(system: System, line: LongLine) -> None:
    bench = Bench(system, system.installation.state, pairs=1, seconds=1.0, quick=True)
    assert (bench.size(1_000_000), bench.people(most_per_second=100)) == (10_000, 300)


def test_a_worker_is_measured_with_the_process_that_works(system: System) -> None:
    pid = system.installation.pid("admission")
    assert pid is not None
    assert len(family(pid)) > 1


@pytest.fixture(scope="module")
def draw(system: System) -> BigDraw:
    return big_draw(system, 400)


def test_a_draw_that_was_written_in_bulk_is_drawn_as_often_as_it_is_put_back_and_proved(
    system: System, draw: BigDraw
) -> None:
    for _ in range(2):
        due_at = draw.rewind(timedelta(seconds=0.3))
        seen = drawn(draw)
        assert due_at <= seen.drawn <= seen.ranked <= seen.ordered <= seen.selected
        assert proved(system, draw.draw_id, "draws")
    with system.connect() as connection:
        won = one_row(connection, b"SELECT count(*) FROM draw_entry WHERE draw_id = %s AND rank < 4", (draw.draw_id,))
    assert won == (4,)


def test_the_longest_transaction_of_a_worker_is_told(system: System, draw: BigDraw) -> None:
    with psycopg.connect(system.installation.role_url(WORKER)) as dawdling:
        began = one_row(dawdling, b"SELECT now()")[0]
        draw.rewind(timedelta(seconds=0.1))
        seen = drawn(draw)
    assert 0.1 < seen.held < (seen.selected - began).total_seconds()


def test_a_draw_with_too_few_winners_is_no_figure(draw: BigDraw) -> None:
    draw.rewind(timedelta(seconds=0.1))
    with pytest.raises(RuntimeError, match="4 have won, not 5"):
        drawn(replace(draw, entries=500))
