"""Every process shows what it measures, and what it measures moves."""

import asyncio
import socket
import urllib.request
from collections.abc import Callable, Iterator

import pytest

from cli.installation import Installation
from runtime import metrics
from tests.support import measures
from tests.support.caller import organizer
from tests.support.servers import wait_until

GATEWAY = ["drumroll_append_commands_count", "drumroll_append_seconds_count", "drumroll_reply_wait_seconds_count"]
WORKER = [
    "drumroll_commands_total",
    "drumroll_drain_commands_count",
    "drumroll_drain_decide_seconds_count",
    "drumroll_drain_commit_seconds_count",
]
Samples = Callable[[str], dict[str, float]]


@pytest.fixture
def samples(system: Installation) -> Samples:
    """What a process shows now, by the name of the sample, over all its labels."""

    def read(name: str) -> dict[str, float]:
        with urllib.request.urlopen(system.metrics[name], timeout=5) as answer:  # noqa: S310 (our own, on loopback)
            return measures.samples(answer.read().decode())

    return read


async def line_with_timers(system: Installation) -> None:
    """Guests join a queue that lets one in every half second: a command of each topic, and a timer."""
    made = await asyncio.to_thread(system.create_organization, "Metrics", "metrics", trusted_networks=["127.0.0.0/8"])
    async with organizer(system.urls[:1], made) as hall:
        queue = await hall.queue(admitRate=120)
        guests = await asyncio.gather(*(hall.entered(queue) for _ in range(3)))
        assert (await hall.visit("POST", "/auth/guest", {})).status == 201
        for guest in guests:
            await hall.reached(queue, guest["accessToken"], "GRANTED")


def test_every_process_has_metrics_of_its_own(system: Installation, samples: Samples) -> None:
    assert list(system.metrics) == system.names
    assert len(set(system.metrics.values())) == len(system.names)
    assert all(samples(name)["process_start_time_seconds"] > 0 for name in system.names)


def test_what_is_measured_moves_when_people_come(system: Installation, samples: Samples) -> None:
    wanted = {"web": GATEWAY, "administration": WORKER, "people": WORKER, "admission": WORKER}
    wanted["scheduler"] = ["drumroll_timer_lateness_seconds_count"]
    before = {name: samples(name) for name in wanted}
    asyncio.run(line_with_timers(system))

    def still() -> list[str]:
        now = {name: samples(name) for name in wanted}
        named = [(name, figure) for name, figures in wanted.items() for figure in figures]
        return [figure for name, figure in named if not now[name].get(figure, 0.0) > before[name].get(figure, 0.0)]

    wait_until(lambda: still() == [])


def test_a_port_that_is_taken_costs_the_figures_and_not_the_process(taken: int) -> None:
    metrics.serve(taken, "127.0.0.1")


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which somebody else listens."""
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        yield somebody.getsockname()[1]


def test_schedulers_show_how_much_waits_and_since_when(system: Installation, samples: Samples) -> None:
    assert {"drumroll_log_commands", "drumroll_log_age_seconds"} <= set(samples("scheduler"))
    system.supervisor.let_go("people")
    try:
        asyncio.run(nobody_welcomes(system))
        wait_until(lambda: samples("scheduler")["drumroll_log_commands"] >= 1)
        wait_until(lambda: samples("scheduler")["drumroll_log_age_seconds"] > 0.5)
    finally:
        system.supervisor.fill("people")
    wait_until(lambda: samples("scheduler")["drumroll_log_commands"] == 0)
    wait_until(lambda: samples("scheduler")["drumroll_log_age_seconds"] == 0)


async def nobody_welcomes(system: Installation) -> None:
    """A guest whom nobody is there to welcome."""
    made = await asyncio.to_thread(system.create_organization, "Empty", "empty", trusted_networks=["127.0.0.0/8"])
    async with organizer(system.urls[:1], made) as hall:
        answer = await hall.visit("POST", "/auth/guest", {}, Prefer="respond-async")
        assert answer.status == 202, answer.body
