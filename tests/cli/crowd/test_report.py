"""The report of a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.crowd.facts import Fact
from cli.crowd.plan import CrowdPlan
from cli.crowd.report import CrowdReport, picture
from cli.crowd.tally import Tally
from cli.errors import ObstacleError


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
