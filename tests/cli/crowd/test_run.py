"""A whole crowd against a room that keeps its promises, and against rooms that break one."""

from __future__ import annotations

import asyncio
import io
import secrets
from random import Random

import pytest
from rich.console import Console

from cli.crowd.command import exit_status
from cli.crowd.display import LineScreen, Progress
from cli.crowd.organiser import CannotVisitError
from cli.crowd.plan import CrowdPlan
from cli.crowd.report import CrowdReport, show
from cli.crowd.run import Means, run_crowd
from runtime.clock import Clock
from tests.cli.crowd.scripted_room import PK, SK, ScriptedRoom, served


class StoppingScreen(LineScreen):
    """A screen at which somebody presses Ctrl-C as soon as a person has entered."""

    interval = 0.1

    def __init__(self, console: Console, stop: asyncio.Event) -> None:
        super().__init__(console)
        self.stop_event = stop

    def update(self, progress: Progress) -> None:
        """Stops the run."""
        if progress.tally.milestones["entered"]:
            self.stop_event.set()


def plan_for(url: str) -> CrowdPlan:
    return CrowdPlan(url, PK, SK, people=120, duration=3.0, seed=5, grant_seconds=2, grace_seconds=0, listeners=10)


def means(screen: LineScreen, stop: asyncio.Event | None = None) -> Means:
    return Means(Clock(), Random(5), secrets.SystemRandom(), screen, stop or asyncio.Event())


async def crowd_through(room: ScriptedRoom, console: Console) -> CrowdReport:
    async with served(room) as url:
        return await run_crowd(plan_for(url), means(LineScreen(console)))


def console_on(paper: io.StringIO) -> Console:
    return Console(file=paper, width=200)


def printed(report: CrowdReport) -> str:
    out = io.StringIO()
    show(report, console_on(out))
    return out.getvalue()


def assert_the_draw_was_held(report: CrowdReport) -> None:
    """Some entered, left, won, gave it back, bought; the crowd saw what the proof says."""
    draw, seen = report.draw, report.tally.draw
    assert draw is not None
    assert (seen["entered"], seen["won"], seen["declined"]) == (
        draw.entries,
        draw.winners + draw.promoted,
        draw.declined,
    )
    assert min(draw.entries, draw.left, draw.winners, draw.declined, draw.promoted, seen["completed"]) > 0
    assert "A draw of 2 places for those who did not get in" in printed(report)


async def test_a_crowd_through_a_good_room_finds_every_fact_to_hold() -> None:
    screen = io.StringIO()
    report = await crowd_through(ScriptedRoom(), console_on(screen))
    assert [(fact.name, fact.detail) for fact in report.facts if not fact.holds] == []
    assert exit_status(report) == 0
    assert "arrived" in screen.getvalue()
    seen = report.tally.milestones
    assert seen["arrived"] == 120
    assert min(seen[name] for name in ("completed", "left", "lapsed", "vanished")) > 0
    statuses = report.tally.statuses
    assert min(statuses["enter", 202], statuses["listen", 200], statuses["operation", 200]) > 0
    assert "All 22 facts hold" in printed(report)
    assert_the_draw_was_held(report)
    assert "draw: " in screen.getvalue()


async def test_a_fault_of_the_server_is_found_and_fails_the_run() -> None:
    report = await crowd_through(ScriptedRoom(faulty=True), console_on(io.StringIO()))
    assert exit_status(report) == 1
    failed = [fact.name for fact in report.facts if not fact.holds]
    assert "Nothing unexpected was answered" in failed
    assert "enter 500 INTERNAL_ERROR" in printed(report)


async def test_a_stopped_run_reports_what_happened_so_far() -> None:
    stop = asyncio.Event()
    async with served(ScriptedRoom()) as url:
        report = await run_crowd(plan_for(url), means(StoppingScreen(console_on(io.StringIO()), stop), stop))
    assert report.stopped
    assert exit_status(report) == 130
    assert "Stopped before the end" in printed(report)
    assert report.tally.milestones["arrived"] > 0


async def test_a_wrong_key_is_named_before_anybody_sets_out() -> None:
    async with served(ScriptedRoom()) as url:
        plan = CrowdPlan(url, PK, "dr_sk_test_wrong", people=5, duration=1)
        with pytest.raises(CannotVisitError, match="SECRET_KEY_REQUIRED"):
            await run_crowd(plan, means(LineScreen(console_on(io.StringIO()))))
