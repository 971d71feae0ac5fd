"""An organization sees which of its keys are in use."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from api_gateway.live import key_uses
from tests.support.house import House, open_house
from tests.support.resident import Resident
from tests.support.servers import running_redis, wait_until


@pytest.fixture
def watchful(postgres_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """A house with a bell of its own, where the use of keys is told soon."""
    monkeypatch.setattr(key_uses, "EVERY_SECONDS", 0.1)
    with running_redis() as redis, open_house(postgres_server, redis.url) as house:
        yield house


def keys(hall: Resident) -> dict[str, Any]:
    """The keys of the live mode, by kind."""
    return {key["kind"]: key for key in hall.admin("GET", "/organizations/current/keys").json()["data"]}


def test_a_key_in_use_says_when_it_was_used_last(watchful: House) -> None:
    hall = watchful.hall
    wait_until(lambda: keys(hall)["secret"]["lastUsedAt"] is not None)
    first = keys(hall)
    assert first["publishable"]["lastUsedAt"] is None
    assert first["secret"]["createdAt"] < first["secret"]["lastUsedAt"]
    hall.visit("GET", "/experiences/nothing")
    wait_until(lambda: keys(hall)["publishable"]["lastUsedAt"] is not None)
    assert keys(hall)["secret"]["lastUsedAt"] == first["secret"]["lastUsedAt"]
    with psycopg.connect(watchful.database.owner) as connection:
        used = connection.execute("SELECT tenant_id FROM api_key WHERE last_used_at IS NOT NULL").fetchall()
    assert {tenant for (tenant,) in used} == {hall.made.live}


def test_a_key_that_nobody_has_is_noted_nowhere(watchful: House) -> None:
    hall = watchful.hall
    hall.call("GET", "/admin/api/v1/queues", None, {"Authorization": "Bearer dr_sk_live_" + "a" * 43})
    wait_until(lambda: keys(hall)["secret"]["lastUsedAt"] is not None)
    assert keys(hall)["publishable"]["lastUsedAt"] is None
