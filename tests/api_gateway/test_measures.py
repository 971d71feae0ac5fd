"""Counts and rates of a queue, as its organization sees them."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.support.house import NOBODY, House
from tests.support.resident import Resident, strong_key
from tests.support.servers import wait_until


@pytest.fixture
def hall(house: House) -> Resident:
    return house.hall


def measures(hall: Resident, queue: Any, query: str = "") -> Any:
    answer = hall.admin("GET", f"/queues/{queue['id']}/metrics{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_an_empty_queue_has_nothing_to_be_a_part_of(hall: Resident) -> None:
    told = measures(hall, hall.queue())
    assert (told["entries"], told["grants"], told["denied"]) == (0, 0, {})
    assert (told["completionRate"], told["expiryRate"], told["dropOff"]) == (None, None, None)
    assert told["waitSeconds"] == {"p50": None, "p95": None, "max": None}


def test_everybody_is_counted_by_what_became_of_them(hall: Resident) -> None:
    queue = hall.queue(maxActiveGrants=4)
    buys, leaves, denied, _ = (hall.granted(queue) for _ in range(4))
    hall.entered(queue)
    path = f"/consumer/api/v1/queues/{queue['id']}"
    hall.admin("POST", f"/queues/{queue['id']}/pause", {})
    hall.admin("POST", f"/queues/{queue['id']}/complete", {"consumerId": buys["consumerId"], "orderId": "1"})
    hall.call("POST", f"{path}/leave", {}, hall.as_person(leaves["accessToken"]))
    hall.admin("POST", f"/queues/{queue['id']}/deny", {"consumerId": denied["consumerId"], "reason": "BOT_DETECTED"})
    told = measures(hall, queue)
    assert (told["waiting"], told["inside"], told["admitRate"]) == (1, 1, 600_000)
    assert (told["entries"], told["uniqueEntrants"], told["grants"]) == (5, 5, 4)
    assert (told["completions"], told["left"], told["denied"]) == (1, 1, {"BOT_DETECTED": 1})
    assert (told["completionRate"], told["expiryRate"], told["dropOff"]) == (0.25, 0, 0.2)
    assert told["lastMinute"] == {"entries": 5, "grants": 4, "completions": 1}
    assert 0 <= told["waitSeconds"]["p50"] <= told["waitSeconds"]["p95"] <= told["waitSeconds"]["max"]
    assert told["claimSeconds"]["p50"] > 0


def test_those_of_a_stretch_of_time_are_counted_alone(hall: Resident) -> None:
    queue = hall.queue()
    first = hall.granted(queue)
    second = hall.granted(queue)
    edge = second["enteredAt"]
    assert first["enteredAt"] < edge
    before, after = (measures(hall, queue, f"?{name}={edge}")["entries"] for name in ("to", "from"))
    assert before + after == 2
    assert before in {0, 1}
    assert measures(hall, queue, "?from=2090-01-01T00:00:00Z")["entries"] == 0


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("from=yesterday", "query:from"),
        ("from=2026-11-21T17:00:01Z&to=2026-11-21T17:00:00Z", "query:to"),
        ("granularity=fortnight", "query:granularity"),
    ],
)
def test_what_cannot_be_counted_is_refused(hall: Resident, query: str, path: str) -> None:
    refused = hall.admin("GET", f"/queues/{hall.queue()['id']}/metrics?{query}")
    assert (refused.status_code, refused.json()["code"]) == (400, "INVALID_FILTER")
    assert refused.json()["errors"][0]["path"] == path


def test_each_part_of_a_stretch_is_counted_and_they_add_up(hall: Resident) -> None:
    queue = hall.queue(maxActiveGrants=1)
    bought = hall.granted(queue)
    hall.entered(queue)
    hall.admin("POST", f"/queues/{queue['id']}/complete", {"consumerId": bought["consumerId"], "orderId": "1"})
    since = datetime.fromisoformat(bought["enteredAt"]).replace(minute=0, second=0, microsecond=0) - timedelta(hours=2)
    until = since + timedelta(hours=4)
    told = measures(hall, queue, f"?from={since:%Y-%m-%dT%H:%M}Z&to={until:%Y-%m-%dT%H:%M}Z&granularity=hour")
    assert [one["from"] for one in told["series"]] == [
        f"{since + timedelta(hours=n):%Y-%m-%dT%H:%M:%S.000Z}" for n in range(4)
    ]
    assert [one["to"] for one in told["series"][:-1]] == [one["from"] for one in told["series"][1:]]
    assert [sum(one[name] for one in told["series"]) for name in ("entries", "completions")] == [2, 1]
    assert told["series"][0]["entries"] == 0
    assert measures(hall, queue)["series"] is None
    assert [one["entries"] for one in measures(hall, queue, "?granularity=month")["series"]] == [2]


@pytest.mark.parametrize(
    "query",
    [
        "from=2026-01-01T00:00:00Z&to=2026-06-01T00:00:00Z&granularity=day",
        "from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:01Z&granularity=minute",
        "to=9999-12-31T23:59:59Z&granularity=week",
    ],
)
def test_more_parts_than_anybody_looks_at_are_refused(hall: Resident, query: str) -> None:
    refused = hall.admin("GET", f"/queues/{hall.queue()['id']}/metrics?{query}")
    assert (refused.status_code, refused.json()["code"]) == (400, "RANGE_TOO_LONG")


def test_parts_at_the_end_of_the_calendar_are_counted(hall: Resident) -> None:
    query = "?from=9999-12-31T00:00:00Z&to=9999-12-31T23:59:59Z&granularity=month"
    assert [one["entries"] for one in measures(hall, hall.queue(), query)["series"]] == [0]


def test_a_grant_that_lapsed_is_counted_however_it_went_on(hall: Resident) -> None:
    server = {"Authorization": f"Bearer {hall.test_secret}"}
    visitor = {"X-Publishable-Key": hall.test_publishable}
    made = hall.call("POST", "/admin/api/v1/experiences", _short_lived(), server).json()
    hall.call("POST", f"/admin/api/v1/experiences/{made['id']}/publish", None, server)
    queue = made["sequences"][0]["queues"][0]
    entered = hall.call(
        "POST", f"/consumer/api/v1/queues/{queue['id']}/enter", {}, visitor | {"Idempotency-Key": strong_key()}
    )
    assert entered.status_code == 200, entered.text

    def lapsed() -> bool:
        hall.call("POST", f"/admin/api/v1/queues/{queue['id']}/pause", {}, server)
        told = hall.call("GET", f"/admin/api/v1/queues/{queue['id']}/metrics", None, server).json()
        return (told["grants"], told["expired"], told["expiryRate"]) == (1, 1, 1)

    wait_until(lapsed)


def _short_lived() -> Any:
    row = {
        "type": "queue", "name": "Row", "admitRate": 600, "admissionExpirationSeconds": 1, "completionGraceSeconds": 0,
        "onExpiry": "requeue",
    }  # fmt: skip
    return {"name": "Short", "sequences": [{"name": "Door", "distributions": [row]}]}


def test_nobody_elses_queue_is_counted(house: House) -> None:
    queue = house.hall.queue()
    for wanted in (queue["id"], NOBODY, "nonsense"):
        refused = house.barn.admin("GET", f"/queues/{wanted}/metrics")
        assert (refused.status_code, refused.json()["code"]) == (404, "QUEUE_NOT_FOUND")
