"""An organization with as much undecided as it may have is refused at the door, and nobody else is."""

from collections.abc import Iterator

import psycopg
import pytest
import requests

from api_gateway.limits import undecided
from runtime import metrics
from tests.support.house import House, Json, open_house
from tests.support.resident import Resident, strong_key
from tests.support.servers import running_redis, wait_until

CEILING = 20


@pytest.fixture
def bounded(postgres_server: str) -> Iterator[House]:
    """A house with a bell of its own, because another one's workers would hear its rings."""
    with running_redis() as redis, open_house(postgres_server, redis.url, undecided_per_organization=CEILING) as house:
        yield house


def turned_away() -> dict[str, float]:
    """How many were, by the reason."""
    samples = [one for family in metrics.turned_away.collect() for one in family.samples]
    return {one.labels["because"]: one.value for one in samples if one.name.endswith("_total")}


def enters(resident: Resident, queue: Json, **headers: str) -> requests.Response:
    said = {"Idempotency-Key": strong_key(), "Prefer": "respond-async"} | headers
    return resident.visit("POST", f"/queues/{queue['id']}/enter", {}, **said)


def test_whoever_is_at_the_ceiling_is_refused_at_the_door_and_another_is_not(bounded: House) -> None:
    hall, barn = bounded.hall, bounded.barn
    queue, theirs = hall.queue(), barn.queue()
    wait_until(lambda: waiting(bounded) == 0)
    with psycopg.connect(bounded.database.owner) as owner:
        owner.execute("SELECT 1 FROM log_partition WHERE topic = 'queue' FOR UPDATE")
        taken = [enters(hall, queue) for _ in range(CEILING + 1)]
        assert {answer.status_code for answer in taken} == {202, 503}
        assert taken[-1].json()["code"] == "OVERLOADED"
        before = turned_away()
        refused = enters(hall, queue)
        assert (refused.status_code, refused.json()["retryAfter"]) == (503, int(refused.headers["Retry-After"]))
        # A token that is no good would be found out behind the door.
        assert enters(hall, queue, Authorization="Bearer nonsense").status_code == 503
        assert turned_away() == before | {"undecided": before["undecided"] + 2}
        assert enters(barn, theirs).status_code == 202


@pytest.fixture
def narrow(postgres_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """A house with a ceiling of four, whose gateway never counts the log."""
    monkeypatch.setattr(undecided, "EVERY_SECONDS", 3_600.0)
    with running_redis() as redis, open_house(postgres_server, redis.url, undecided_per_organization=4) as house:
        yield house


def test_whoever_sends_steadily_is_served_as_fast_as_it_is_decided(narrow: House) -> None:
    hall = narrow.hall
    queue = hall.queue()
    answers = [enters(hall, queue, Prefer="wait=30") for _ in range(16)]
    assert [answer.status_code for answer in answers] == [200] * 16


def waiting(house: House) -> int:
    """How many rows the log has."""
    with psycopg.connect(house.database.owner, autocommit=True) as owner:
        row = owner.execute("SELECT count(*) FROM command_log").fetchone()
    assert row is not None
    return int(row[0])
