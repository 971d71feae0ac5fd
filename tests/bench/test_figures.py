"""What the figures are computed from."""

import math
from functools import partial
from pathlib import Path

import pytest

from bench.figure import Figure
from bench.pairs import compare, in_turn, interleaved
from bench.report import Report, one_line, processor, write_into
from bench.result import Result, percentile


def a_figure(**changes: object) -> Figure:
    fields = {"name": "enters", "title": "enters", "value": 7.0, "unit": "times", "must": 6.0, "at_least": True}
    return Figure(**(fields | changes))  # type: ignore[arg-type]  # the fields of a figure, any of them changed


@pytest.mark.parametrize(("share", "expected"), [(0.5, 50.0), (0.99, 99.0), (1.0, 100.0), (0.001, 1.0)])
def test_a_percentile_is_a_value_that_somebody_had(share: float, expected: float) -> None:
    assert percentile([float(n) for n in range(1, 101)], share) == expected


def test_nothing_measured_is_no_good_figure() -> None:
    assert math.isnan(percentile([], 0.99))
    assert not a_figure(value=math.nan).met
    assert not a_figure(value=math.nan, at_least=False).met


def test_pairs_alternate_who_goes_first() -> None:
    order: list[str] = []

    def run(name: str) -> int:
        order.append(name)
        return ord(name)

    pairs = interleaved(lambda: run("a"), lambda: run("b"), 3)
    assert order == ["a", "b", "b", "a", "a", "b"]
    assert pairs == [(ord("a"), ord("b"))] * 3


def test_three_sides_take_turns_and_keep_their_places() -> None:
    order: list[str] = []

    def run(name: str) -> str:
        order.append(name)
        return name

    assert in_turn([partial(run, name) for name in "abc"], 2) == [["a", "b", "c"]] * 2
    assert order == ["a", "b", "c", "c", "b", "a"]


def test_the_ratio_is_the_median_of_the_pairs_and_not_the_ratio_of_the_medians() -> None:
    found = compare([(60.0, 10.0), (70.0, 10.0), (10.0, 1.0)])
    assert (found.ratio, found.low, found.high) == (7.0, 6.0, 10.0)
    assert (found.a, found.b, found.pairs) == (60.0, 10.0, 3)


def test_a_limit_must_hold_in_the_worst_run() -> None:
    figure = Figure.of_most("opening", "opening", [0.2, 1.5, 0.3], "s", 1.0, {})
    assert (figure.value, figure.low, figure.high, figure.met) == (1.5, 0.2, 1.5, False)


def test_a_figure_that_could_not_be_taken_is_a_promise_that_was_not_kept() -> None:
    figure = Figure.broken("polls", RuntimeError("nobody | answered"))
    assert not figure.met
    report = Report("2026-11-21", "make bench", {}, [figure])
    assert not report.met
    assert "| polls | none | **nan ** (missed) | none | could not be measured: RuntimeError: nobody / answered |" in (
        report.as_markdown()
    )
    assert "could not be measured" in one_line(figure)


def test_the_processor_time_that_is_told_is_that_of_the_median_run() -> None:
    runs = [
        Result(1, {200: 1}, 0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.1, spent={"gateway": used, "idle": 0.2})
        for used in (300.0, 100.0, 200.0)
    ]
    assert processor(runs) == {"processor time of each": "200 µs (gateway 200)"}
    assert processor([]) == {}


def test_a_missed_figure_is_marked_in_the_table(tmp_path: Path) -> None:
    report = Report("2026-11-21", "make bench", {"cores": "2"}, [a_figure(value=5.0)])
    assert not report.met
    assert "**5 times** (missed)" in report.as_markdown()


def test_writing_a_report_twice_replaces_the_table_and_keeps_the_words_around_it(tmp_path: Path) -> None:
    document = tmp_path / "performance.md"
    document.write_text("# Performance\n\nbefore\n\n<!-- figures: begin -->\nold\n<!-- figures: end -->\n\nafter\n")
    for value in (7.0, 8.0):
        write_into(document, Report("2026-11-21", "make bench", {}, [a_figure(value=value)]))
    text = document.read_text()
    assert text.startswith("# Performance\n\nbefore\n")
    assert text.endswith("\n\nafter\n")
    assert "**8 times**" in text
    assert "old" not in text
    assert "**7 times**" not in text
