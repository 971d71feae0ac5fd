"""The display: figures that people understand, in a picture on a terminal and in lines elsewhere."""

from __future__ import annotations

import io
import math

import pytest
from rich.console import Console

from cli.crowd.display import (
    BARS,
    LineScreen,
    LiveScreen,
    Progress,
    bars,
    histogram,
    line,
    milliseconds,
    picture,
    screen_for,
    squeezed,
)
from cli.crowd.plan import CrowdPlan
from cli.crowd.tally import Tally


def make_progress() -> Progress:
    tally = Tally()
    for milestone, count in {
        "arrived": 9,
        "entered": 8,
        "out of line": 3,
        "granted": 2,
        "out": 1,
        "completed": 1,
    }.items():
        tally.milestones[milestone] = count
    tally.exchange("enter", 200, 0.0125)
    progress = Progress(CrowdPlan("u", "p", "s", people=9, duration=10.0), tally, [1.0, 5.0, 9.0], opens=6.7)
    progress.advance(5.0)
    return progress


def test_bars_are_as_high_as_their_values() -> None:
    assert bars([0, 1, 8]) == f"{BARS[0]}{BARS[1]}{BARS[8]}"
    assert bars([0, 0]) == "  "
    assert bars([]) == ""


def test_a_histogram_counts_everybody_once() -> None:
    assert histogram([0.0, 0.9, 5.0, 10.0], 10.0, columns=10) == [2, 0, 0, 0, 0, 1, 0, 0, 0, 1]


def test_a_long_history_is_squeezed_to_its_peaks() -> None:
    assert squeezed([1, 9, 2, 3, 4, 8], columns=3) == [9, 3, 8]
    assert squeezed([1, 2], columns=3) == [1, 2]


@pytest.mark.parametrize(("seconds", "shown"), [(0.0125, "12 ms"), (1.5, "1,500 ms"), (math.nan, "-")])
def test_latencies_are_told_in_milliseconds(seconds: float, shown: str) -> None:
    assert milliseconds(seconds) == shown


def test_one_line_tells_the_state_of_the_run() -> None:
    told = line(make_progress())
    assert "arrived 9  waiting 5  admitted 2  completed 1" in told
    assert "enter 12 ms" in told


def test_the_draw_is_told_once_somebody_has_entered_it() -> None:
    progress, paper = make_progress(), io.StringIO()
    assert "draw" not in line(progress)
    progress.tally.draw.update({"entered": 7, "won": 2})
    assert line(progress).endswith("draw: 7 entered, 0 left, 2 won, 0 declined, 0 promoted, 0 completed")
    Console(file=paper, width=120).print(picture(progress))
    assert "draw: entered" in paper.getvalue()


def test_the_picture_shows_the_curve_and_the_figures() -> None:
    paper = io.StringIO()
    Console(file=paper, width=120).print(picture(make_progress()))
    assert "arrivals" in paper.getvalue()
    assert BARS[8] in paper.getvalue()
    assert "waiting" in paper.getvalue()


def test_lines_where_there_is_no_terminal() -> None:
    assert isinstance(screen_for(Console(file=io.StringIO())), LineScreen)
    assert isinstance(screen_for(Console(file=io.StringIO(), force_terminal=True)), LiveScreen)


def test_the_live_picture_is_drawn_and_given_back() -> None:
    paper = io.StringIO()
    screen = LiveScreen(Console(file=paper, force_terminal=True, width=100))
    screen.start()
    screen.update(make_progress())
    screen.stop()
    assert "drumroll crowd" in paper.getvalue()
