"""Who was seen is told in notes that a drain can take fifty of, and that a gateway listened is told with them."""

from uuid import UUID

import pytest

from api_gateway.live.presence import _slices
from tests.support.house import open_house
from tests.support.servers import query, running_redis, wait_until


def test_a_note_names_a_hundred_people_at_most_and_everybody_is_in_one() -> None:
    seen = {UUID(int=nth) for nth in range(250)}
    notes = list(_slices(seen))
    assert [len(note) for note in notes] == [100, 100, 50]
    assert {one for note in notes for one in note} == seen


def test_a_queue_knows_that_its_gateway_listens_while_nobody_looks(
    postgres_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api_gateway.live.presence.EVERY_SECONDS", 0.1)
    with running_redis() as redis, open_house(postgres_server, redis.url) as house:
        queue = house.hall.queue(idleTimeoutSeconds=60, maxActiveGrants=1)
        house.hall.entered(queue)
        house.hall.entered(queue)
        heard = "SELECT heard_at > heard_since FROM queue WHERE idle_at IS NOT NULL AND waiting = 1"
        wait_until(lambda: query(house.database.owner, heard) == [(True,)])
