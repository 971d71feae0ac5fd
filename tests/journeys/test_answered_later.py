"""Somebody does not want to wait for the answer: 202 at once, and an operation that tells what became of it."""

from uuid import uuid4

from tests.support.caller import Answer, Json, Organizer, eventually, strong_key


async def test_a_guest_enters_now_and_asks_later(hall: Organizer) -> None:
    queue, key = await hall.queue(maxActiveGrants=1), strong_key()
    accepted = await hall.enters(queue, key, Prefer="respond-async")
    assert (accepted.status, accepted.headers["Preference-Applied"]) == (202, "respond-async")

    done = await decided(hall, accepted, hall.as_visitor | {"Idempotency-Key": key})

    assert (done["status"], done["resultStatus"], done["type"]) == ("SUCCEEDED", 200, "queue.enter")
    state = await hall.state(queue, done["result"]["accessToken"])
    assert state["participationId"] == done["result"]["participationId"]


async def test_an_operation_is_nobody_elses_business(hall: Organizer, barn: Organizer) -> None:
    queue, key = await hall.queue(maxActiveGrants=1), strong_key()
    accepted = await hall.enters(queue, key, Prefer="respond-async")
    await decided(hall, accepted, hall.as_visitor | {"Idempotency-Key": key})
    path = accepted.headers["Location"]
    stranger = await hall.entered(queue)
    for headers in (
        hall.as_visitor,
        hall.as_visitor | {"Idempotency-Key": strong_key()},
        hall.as_person(stranger["accessToken"]),
        barn.as_visitor | {"Idempotency-Key": key},
        barn.as_server,
    ):
        refused = await hall.call("GET", path, None, headers)
        assert (refused.status, refused.body["code"]) == (404, "OPERATION_NOT_FOUND")
    assert (await hall.call("GET", path, None, hall.as_server)).status == 200


async def test_a_server_makes_a_queue_later(hall: Organizer) -> None:
    sequence = (await hall.experience())["sequences"][0]["id"]
    body = {"sequenceId": sequence, "name": "Door", "admitRate": 600}
    accepted = await hall.admin("POST", "/queues", body, Prefer="respond-async")
    done = await decided(hall, accepted, hall.as_server)
    assert (done["status"], done["resultStatus"]) == ("SUCCEEDED", 201)
    assert (await hall.admin("GET", f"/queues/{done['result']['id']}")).status == 200


async def test_a_refusal_comes_later_as_its_problem(hall: Organizer) -> None:
    body = {"sequenceId": str(uuid4()), "name": "Door", "admitRate": 600}
    accepted = await hall.admin("POST", "/queues", body, Prefer="respond-async")
    done = await decided(hall, accepted, hall.as_server)
    assert (done["status"], done["resultStatus"]) == ("FAILED", 404)
    assert done["problem"]["code"] == "SEQUENCE_NOT_FOUND"


async def decided(hall: Organizer, accepted: Answer, headers: dict[str, str]) -> Json:
    """The operation of an accepted command, once it is decided."""
    assert accepted.status == 202, accepted.body
    assert accepted.headers["Retry-After"] == "1"

    async def ended() -> Json:
        told = await hall.call("GET", accepted.headers["Location"], None, headers)
        assert told.status == 200, told.body
        return told.body if told.body["status"] in {"SUCCEEDED", "FAILED"} else None

    return await eventually(ended)
