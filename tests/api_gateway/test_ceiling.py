"""An organization with as much undecided as it may have is refused at the door, and nobody else is."""

from collections.abc import Iterator

import psycopg
import pytest
import requests

from runtime import metrics
from tests.support.house import House, Json, Resident, open_house, strong_key
from tests.support.servers import running_redis, wait_until

CEILING = 20


@pytest.fixture
def bounded(postgres_server: str) -> Iterator[House]:
    """A house with a bell of its own, because another one's workers would hear its rings."""
    with running_redis() as redis, open_house(postgres_server, redis.url, undecided_per_organization=CEILING) as house:
        yield house


def turned_away() -> float:
    return next(one.value for one in next(iter(metrics.turned_away.collect())).samples if one.name.endswith("_total"))


def enters(resident: Resident, queue: Json) -> requests.Response:
    headers = {"Idempotency-Key": strong_key(), "Prefer": "respond-async"}
    return resident.visit("POST", f"/queues/{queue['id']}/enter", {}, **headers)


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
        # A key that nobody has used for a second is looked up anew, and its holder refused by the count and not at the door.
        wait_until(lambda: enters(hall, queue).status_code == 503 and turned_away() > before)
        assert enters(barn, theirs).status_code == 202


def waiting(house: House) -> int:
    """How many rows the log has."""
    with psycopg.connect(house.database.owner, autocommit=True) as owner:
        row = owner.execute("SELECT count(*) FROM command_log").fetchone()
    assert row is not None
    return int(row[0])
