"""How long it took until somebody was answered again."""

from math import inf

from tests.chaos.storm.evidence import Evidence

LONGEST_SECONDS = 30.0


def recoveries(evidence: Evidence) -> dict[str, list[float]]:
    """For each sort of fault, the seconds from the end of each to the next answer; infinite where none came any more."""
    answers = sorted(call.answered for call in evidence.calls if call.answered is not None)
    found: dict[str, list[float]] = {}
    for one in evidence.happened:
        after = next((answered - one.ended for answered in answers if answered > one.ended), inf)
        found.setdefault(one.planned.name, []).append(after)
    return found
