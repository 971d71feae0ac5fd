"""What a storm says at its end: counts, the line that raises it again, and a status that tells whether everything holds."""

import json
from collections import Counter
from datetime import timedelta
from io import StringIO
from math import inf

from rich.console import Console

from tests.chaos.storm.agent import Happened
from tests.chaos.storm.facts import FACTS
from tests.chaos.storm.faults import SORTS
from tests.chaos.storm.plan import Planned, plan_of
from tests.chaos.storm.report import Report, added, reported, show, verdict
from tests.chaos.storm.run import Storm
from tests.chaos.tale import Tale, quiet_tale


def report_of(tale: Tale, seed: int = 7) -> Report:
    """The report of a tale, in which Redis was killed at its third second."""
    tale.more["happened"] = [Happened(Planned(2.5, "Redis killed", "redis", 0.0, 1), 2.5, 3.0)]
    storm = Storm(plan_of(seed, 30.0, SORTS), tale.evidence(), 3, {"200": 7, "0": 2}, [0.0, 4.0, -80.0], 5, 0.5)
    return reported(storm)


def broken_report(seed: int = 8) -> Report:
    """The report of a tale in which an effect is missing."""
    tale = quiet_tale()
    tale.pages[-1].events[0]["at"] = str(timedelta())
    tale.pages[4].events.clear()
    return report_of(tale, seed)


def printed(report: Report) -> str:
    """What is shown of a report."""
    out = StringIO()
    console = Console(file=out, width=150)
    show(report, console, "Storm")
    console.print(verdict(report))
    return out.getvalue()


def test_a_report_counts_what_was_called_answered_and_broken_and_how_soon_it_went_on() -> None:
    report = report_of(quiet_tale())
    assert report.holds
    assert report.commands == Counter(enter=3, create=1, validate=1, leave=1, complete=1)
    assert report.faults == Counter({"Redis killed": 1, "clocks wrong": 2})
    assert report.recoveries == {"Redis killed": [0.5]}
    assert report.against.keys() == {fact.sentence for fact in FACTS}
    assert report.figures["seconds of a call, most"] == 0.5
    assert json.loads(json.dumps(report.told))["seed"] == 7


def test_a_fault_after_which_nobody_was_answered_again_is_counted_and_told() -> None:
    tale = quiet_tale()
    for call in tale.calls:
        call.answered = 2.9
    report = report_of(tale)
    assert report.recoveries == {"Redis killed": [inf]}
    assert json.loads(json.dumps(report.told, allow_nan=False))["recoveries"] == {"Redis killed": [None]}
    assert report.failed[-1] == "whatever broke, answers came again within half a minute"
    assert "inf" in printed(report)


def test_a_report_that_fails_says_which_fact_and_how_to_see_it_again() -> None:
    report = broken_report()
    assert not report.holds
    assert report.failed == ["every acknowledged effect has happened"]
    text = printed(report)
    assert "1 of 21 facts do not hold. Again: make chaos DURATION=30 SEED=8" in text
    assert "queue.grant.validated" in text
    assert "no answer" in text


def test_a_report_of_nothing_does_not_hold() -> None:
    assert not Report(7, 30.0).holds


def test_several_storms_are_added_and_a_finding_keeps_its_seed() -> None:
    whole = added([report_of(quiet_tale()), broken_report(8)])
    assert whole.commands["enter"] == 6
    assert whole.faults["Redis killed"] == 2
    assert whole.recoveries == {"Redis killed": [0.5, 0.5]}
    assert whole.against["every acknowledged effect has happened"][0].startswith("seed 8: ")
    assert whole.figures["connections cut"] == 10
    assert whole.figures["seconds until quiet"] == 0.5
