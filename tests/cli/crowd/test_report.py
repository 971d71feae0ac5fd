"""The report of a run."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from cli.crowd.facts import Fact
from cli.crowd.plan import CrowdPlan
from cli.crowd.report import CrowdReport, picture, show
from cli.crowd.tally import Tally
from cli.errors import ObstacleError
from domain.fairness.draws import Statement


@pytest.fixture
def report() -> CrowdReport:
    plan = CrowdPlan("http://127.0.0.1:1", "dr_pk_test_x", "dr_sk_test_y", 10, 1.0, 1)
    return CrowdReport(plan, Tally(), 1.0, facts=[Fact("nobody was lost", holds=True, detail="10 of 10")])


def test_the_picture_shows_the_facts_and_no_key(report: CrowdReport, tmp_path: Path) -> None:
    picture(report, tmp_path / "report.svg")
    drawn = (tmp_path / "report.svg").read_text()
    assert "nobody" in drawn
    assert "dr_sk_test_y" not in drawn


def test_a_picture_that_cannot_be_kept_says_where(report: CrowdReport, tmp_path: Path) -> None:
    with pytest.raises(ObstacleError, match="nowhere"):
        picture(report, tmp_path / "nowhere" / "report.svg")


def test_a_draw_has_its_figures_as_seen_and_as_proved(report: CrowdReport) -> None:
    paper = io.StringIO()
    proved = Statement(entries=18, tickets=21, places=5, left=2, denied=0, is_selected=True, is_void=False, winners=4)
    report.tally.draw["entered"] = 17
    show(report, Console(file=paper, width=120))
    assert "draw" not in paper.getvalue()
    show(replace(report, draw=proved), Console(file=paper, width=120))
    assert "A draw of 5 places" in paper.getvalue()
    (row,) = (row for row in paper.getvalue().splitlines() if "entered" in row and "17" in row)
    assert "18" in row
