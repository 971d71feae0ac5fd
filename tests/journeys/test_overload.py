"""More is asked than can be decided: who asks too much is told to come again, and nobody else is."""

import asyncio

from tests.support.caller import Answer, Json, Organizer, eventually, strong_key, until
from tests.support.installation import Grounds

OF_ONE, OF_ALL = 20, 30


async def test_an_organization_at_its_bound_is_told_so_and_another_goes_on(
    grounds: Grounds, hall: Organizer, barn: Organizer
) -> None:
    bounds = {"UNDECIDED_PER_AGGREGATE": str(OF_ONE), "UNDECIDED_PER_ORGANIZATION": str(OF_ALL)}
    full, other, theirs = await hall.queue(), await hall.queue(), await barn.queue()
    beside = grounds.gateway("bounded", **bounds)
    url, _ = await asyncio.to_thread(beside.__enter__)
    grounds.system.stop("admission")
    try:
        pressing, patient = hall.at(url), barn.at(url)
        taken = await presses(pressing, full, OF_ONE)
        assert {answer.status for answer in taken} == {202}
        await refused(pressing, full)
        more = await presses(pressing, other, OF_ALL - OF_ONE)
        assert {answer.status for answer in more} == {202}
        await refused(pressing, other)
        await asyncio.gather(*(refused(pressing, full) for _ in range(10)))
        assert {answer.status for answer in await presses(patient, theirs, OF_ONE)} == {202}
        assert grounds.waiting() == OF_ALL + OF_ONE
        grounds.system.cont("admission")

        async def let_in() -> bool:
            return (await pressing.enters(full)).status == 200

        assert await eventually(let_in)
        for accepted in taken + more:
            assert (await hall.followed(accepted, hall.as_server)).status == 200
    finally:
        grounds.system.cont("admission")
        await asyncio.to_thread(beside.__exit__, None, None, None)


async def presses(hall: Organizer, queue: Json, times: int) -> list[Answer]:
    """So many strangers enter, one after the other, and do not wait."""
    return [await hall.enters(queue, strong_key(), Prefer="respond-async") for _ in range(times)]


async def refused(hall: Organizer, queue: Json) -> None:
    """Nobody more is taken, and everybody is told when to come again."""
    answer = await hall.enters(queue, strong_key(), Prefer="respond-async")
    assert (answer.status, answer.body["code"]) == (503, "OVERLOADED"), answer
    assert int(answer.headers["Retry-After"]) >= 1
    assert answer.body["retryAfter"] == int(answer.headers["Retry-After"])


IN_HAND = 16
"""Places in a gateway."""
OF_A_CROWD = 7
"""What the visitors of one organization alone get of them: half, less what is kept for its servers."""


async def test_a_gateway_with_its_hands_full_says_so_and_keeps_room_for_others(
    grounds: Grounds, hall: Organizer, barn: Organizer
) -> None:
    queue, theirs = await hall.queue(), await barn.queue()
    paused = await hall.admin("POST", f"/queues/{queue['id']}/pause", {"scope": "SERVICE"})
    assert paused.status == 200, paused.body
    known = await hall.entered(queue)
    beside = grounds.gateway("full", WRITES_IN_HAND=str(IN_HAND))
    url, _ = await asyncio.to_thread(beside.__enter__)
    pressing, calm = hall.at(url), barn.at(url)
    assert (await pressing.enters(queue)).status == (await calm.enters(theirs)).status == 200
    grounds.system.stop("admission")
    try:
        keys = [strong_key() for _ in range(5 * IN_HAND)]
        calls = [asyncio.create_task(pressing.enters(queue, key, Prefer="wait=30")) for key in keys]
        await until(lambda: sum(call.done() for call in calls) == len(calls) - OF_A_CROWD)
        turned_away = [call.result() for call in calls if call.done()]
        await until(lambda: grounds.waiting() == OF_A_CROWD)
        for answer in turned_away:
            assert_turned_away(answer)
        other = asyncio.create_task(calm.enters(theirs, Prefer="wait=30"))
        await until(lambda: grounds.waiting() == OF_A_CROWD + 1)
        looked = await pressing.state(queue, known["accessToken"])
        assert looked["status"] == "QUEUED"
        assert (await pressing.admin("POST", "/experiences", {"name": "Beside"})).status == 201
    finally:
        grounds.system.cont("admission")
    try:
        answered = [answer.status for answer in await asyncio.gather(*calls) if answer not in turned_away]
        assert answered == [200] * OF_A_CROWD
        assert (await other).status == 200
        again = await asyncio.gather(*(pressing.insist("POST", *entering(pressing, queue, key)) for key in keys))
        assert {answer.status for answer in again} == {200}
        assert len({answer.body["participationId"] for answer in again}) == len(keys)
    finally:
        await asyncio.to_thread(beside.__exit__, None, None, None)
    held = grounds.value("SELECT count(*) FROM queue_entry WHERE queue_id = %s", queue["id"])
    assert held == len(keys) + 2, "nothing that was accepted is lost, and nothing that was refused was done"


async def test_a_page_may_read_why_it_was_turned_away(grounds: Grounds, hall: Organizer) -> None:
    queue, page = await hall.queue(), "https://shop.example"
    beside = grounds.gateway("narrow", WRITES_IN_HAND="2")
    url, _ = await asyncio.to_thread(beside.__enter__)
    try:
        pressing = hall.at(url)
        assert (await pressing.enters(queue)).status == 200
        grounds.system.stop("admission")
        first = asyncio.create_task(pressing.enters(queue, Prefer="wait=30"))
        await until(lambda: grounds.waiting() == 1)
        own_id = "019a0000-0000-7000-8000-00000000000a"
        answer = await pressing.enters(queue, Origin=page, X_Request_Id=own_id)
        assert_turned_away(answer)
        assert answer.headers["Access-Control-Allow-Origin"] == page
        assert answer.headers["X-Request-Id"] == answer.body["requestId"] == own_id
        grounds.system.cont("admission")
        assert (await first).status == 200
    finally:
        grounds.system.cont("admission")
        await asyncio.to_thread(beside.__exit__, None, None, None)


def entering(hall: Organizer, queue: Json, key: str) -> tuple[str, Json, dict[str, str]]:
    """The path, body and headers of a stranger's enter."""
    return f"/consumer/api/v1/queues/{queue['id']}/enter", {}, hall.as_visitor | {"Idempotency-Key": key}


def assert_turned_away(answer: Answer) -> None:
    """Refused as a problem (RFC 9457) that says when to come again."""
    assert (answer.status, answer.body["code"]) == (503, "OVERLOADED"), answer
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert 1 <= int(answer.headers["Retry-After"]) == answer.body["retryAfter"] <= 3
    assert answer.body["type"].endswith("/problems/OVERLOADED")
