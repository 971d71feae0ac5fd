"""The plan: rates that serve everybody in time, and settings that the Admin API takes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from cli.crowd.organiser import _cursor
from cli.crowd.plan import CrowdPlan, address_of, queue_settings
from domain.queue.config import NewQueue

SEQUENCE = "018f2d5e-0000-7000-8000-000000000000"


def make_plan(**changes: object) -> CrowdPlan:
    named: dict[str, object] = {"url": "http://127.0.0.1:8080/", "publishable_key": "pk", "secret_key": "dr_sk_test_x"}
    return CrowdPlan(**(named | changes))  # type: ignore[arg-type] # the factory takes what the plan takes


@pytest.mark.parametrize(("people", "duration"), [(1, 1.0), (50, 5.0), (5000, 30.0), (1_000_000, 60.0)])
def test_the_settings_of_any_plan_are_taken(people: int, duration: float) -> None:
    plan = make_plan(people=people, duration=duration)
    settings = queue_settings(plan, SEQUENCE, datetime(2026, 11, 21, 17, tzinfo=UTC), 0.67)
    queue = NewQueue.model_validate(settings)
    assert queue.admit_rate == plan.admit_rate
    assert queue.entries_from is not None
    assert queue.open_at is not None
    assert queue.entries_from < queue.open_at


def test_the_line_is_served_in_about_the_time_it_took_to_arrive() -> None:
    plan = make_plan(people=5000, duration=30.0)
    assert plan.people / (plan.admit_rate / 60) == pytest.approx(30.0)


def test_a_live_key_gives_grants_of_a_minute_at_least() -> None:
    settings = queue_settings(make_plan(secret_key="dr_sk_live_x"), SEQUENCE, datetime(2026, 1, 1, tzinfo=UTC), 0.5)
    assert settings["admissionExpirationSeconds"] == 60


def test_the_path_prefixes_are_dialled_unless_a_host_is_given() -> None:
    address = address_of(make_plan())
    assert address.consumer == "http://127.0.0.1:8080/consumer/api/v1"
    assert address.admin == "http://127.0.0.1:8080/admin/api/v1"
    assert address.consumer_headers == {}
    named = address_of(make_plan(host="localhost:8080"))
    assert named.consumer == named.admin == "http://127.0.0.1:8080/api/v1"
    assert named.consumer_headers == {"Host": "consumer.localhost:8080"}
    assert named.admin_headers == {"Host": "admin.localhost:8080"}


@pytest.mark.parametrize(
    ("following", "cursor"),
    [
        (None, ""),
        ("", ""),
        ("bare", "bare"),
        ("/api/v1/queues/q/consumers?per_page=9&after=abc", "abc"),
        ("/x?a=1", ""),
    ],
)
def test_the_next_cursor_is_found_in_an_address_or_alone(following: str | None, cursor: str) -> None:
    assert _cursor(following) == cursor
