"""Leaving ends the place that one has, whichever gateway has told of it last."""

from uuid import UUID

from domain.command import Actor, Envelope
from domain.queue.commands import EnterQueue, LeaveQueue
from runtime.clock import Clock
from tests.support.house import House
from tests.support.resident import strong_key
from tests.support.servers import query, wait_until
from tests.support.works import works_on

TIMES = 5


def test_whoever_came_back_by_another_gateway_leaves_by_this_one(house: House, redis_server: str) -> None:
    """This gateway has not heard yet that the place which it knows was left, and that there is a new one."""
    hall = house.hall
    queue = hall.queue()
    assert hall.admin("POST", f"/queues/{queue['id']}/pause", {"scope": "SERVICE"}).status_code == 200
    guest = hall.entered(queue)
    token, person, queue_id = guest["accessToken"], UUID(guest["consumerId"]), UUID(queue["id"])
    place = f"/consumer/api/v1/queues/{queue_id}"
    with works_on(house.database, redis_server) as works:
        for _ in range(TIMES):
            wait_until(lambda: hall.state(queue, token)["status"] == "QUEUED")
            elsewhere = [
                Envelope(Clock().new_id(), hall.made.live, Actor("consumer", person), Clock().new_id(), command)
                for command in (
                    LeaveQueue(queue_id=queue_id, consumer_id=person),
                    EnterQueue(queue_id=queue_id, consumer_id=person),
                )
            ]
            works.append(elsewhere)
            works.settle()
            left = hall.call("POST", f"{place}/leave", {}, hall.as_person(token))
            assert (left.status_code, left.json()["status"]) == (200, "LEFT")
            assert live(house, person) == 0
            headers = hall.as_person(token) | {"Idempotency-Key": strong_key()}
            assert hall.call("POST", f"{place}/enter", {}, headers).json()["status"] == "QUEUED"


def live(house: House, person: UUID) -> int:
    """How many live places somebody has."""
    found = query(
        house.database.owner,
        f"SELECT count(*) FROM queue_entry WHERE consumer_id = '{person}' AND status IN ('QUEUED', 'GRANTED')",  # noqa: S608 (an id of ours)
    )
    (many,) = found[0]
    assert isinstance(many, int)
    return many
