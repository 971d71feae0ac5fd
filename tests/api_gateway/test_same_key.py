"""One Idempotency-Key under two bodies: each call is answered for itself, by whatever way its answer comes."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.support.house import House, open_house
from tests.support.resident import strong_key
from tests.support.servers import running_redis

PAIRS = 10


def made(house: House, name: str, key: str, **headers: str) -> Any:
    """The answer to a new experience of this name under this key."""
    return house.hall.admin("POST", "/experiences", {"name": name}, **{"Idempotency-Key": key, **headers})


def test_of_two_bodies_at_once_one_is_done_and_the_other_is_told_that_it_is_not(house: House) -> None:
    with ThreadPoolExecutor(2) as threads:
        for _ in range(PAIRS):
            key = strong_key()
            first, second = threads.map(lambda name, key=key: made(house, name, key), ("Alpha", "Beta"))
            assert {first.status_code, second.status_code} == {201, 422}, (first.text, second.text)
            for answer, name in ((first, "Alpha"), (second, "Beta")):
                said = answer.json()
                assert said.get("name", said.get("code")) in {name, "IDEMPOTENCY_KEY_REUSED"}


def test_so_it_is_when_the_answer_has_to_be_looked_up(postgres_server: str) -> None:
    with running_redis() as redis, open_house(postgres_server, redis.url) as house:
        key = strong_key()
        first = made(house, "Alpha", key)
        redis.stop()
        try:
            other, again = made(house, "Beta", key), made(house, "Alpha", key)
        finally:
            redis.start()
        assert first.status_code == 201
        assert (other.status_code, other.json()["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")
        assert (again.status_code, again.json()["id"]) == (201, first.json()["id"])


@pytest.mark.parametrize("prefer", ["respond-async", "wait=0"])
def test_whoever_does_not_wait_is_not_sent_to_the_operation_of_another_body(house: House, prefer: str) -> None:
    key = strong_key()
    assert made(house, "Alpha", key).status_code == 201
    other, again = made(house, "Beta", key, Prefer=prefer), made(house, "Alpha", key, Prefer=prefer)
    assert (other.status_code, other.json().get("code")) == (422, "IDEMPOTENCY_KEY_REUSED"), other.text
    assert again.status_code in {201, 202}
