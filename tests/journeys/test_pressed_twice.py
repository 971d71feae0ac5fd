"""One person presses twice, on a bad line, at the same time, with another body: it is one person with one place."""

import asyncio

from tests.support.caller import Answer, Organizer, strong_key


async def test_pressed_at_the_same_time_it_is_one_guest(hall: Organizer) -> None:
    queue, key = await hall.queue(maxActiveGrants=1), strong_key()
    answers = await asyncio.gather(*(hall.enters(queue, key) for _ in range(10)))
    assert {answer.status for answer in answers} == {200}
    assert len({answer.body["participationId"] for answer in answers}) == 1
    assert len({answer.body["refreshToken"] for answer in answers}) == 1
    states = [await hall.state(queue, answer.body["accessToken"]) for answer in answers[:2]]
    assert {state["participationId"] for state in states} == {answers[0].body["participationId"]}
    listed = await hall.admin("GET", f"/queues/{queue['id']}/consumers")
    assert listed.body["pagination"]["total"] == 1


async def test_pressed_later_the_first_answer_comes_again(hall: Organizer) -> None:
    queue, key = await hall.queue(maxActiveGrants=1), strong_key()
    first = await hall.enters(queue, key)
    left = await hall.person(first.body["accessToken"], "POST", f"/queues/{queue['id']}/leave", {})
    assert left.body["status"] == "LEFT"

    again = await hall.enters(queue, key)

    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.body["participationId"] == first.body["participationId"]
    assert (await hall.state(queue, again.body["accessToken"]))["status"] == "LEFT"


async def test_the_same_key_with_another_body_is_refused(hall: Organizer) -> None:
    body = {"name": "Harvest"}
    headers = {"Idempotency_Key": strong_key()}
    made = await hall.admin("POST", "/experiences", body, **headers)
    again = await hall.admin("POST", "/experiences", body, **headers)
    assert (made.status, again.status, again.body["id"]) == (201, 201, made.body["id"])
    other = await hall.admin("POST", "/experiences", body | {"name": "Another"}, **headers)
    assert (other.status, other.body["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert (await hall.admin("GET", "/experiences")).body["pagination"]["total"] == 1


async def test_fifty_orders_for_one_grant_are_one_order(hall: Organizer) -> None:
    queue = await hall.queue()
    guest = await hall.granted(queue)

    async def complete(order: str) -> Answer:
        return await hall.admin(
            "POST", "/admission/complete", {"admissionGrant": guest["admissionGrant"], "orderId": order}
        )

    answers = await asyncio.gather(*(complete(f"order-{number}") for number in range(50)))
    assert sorted(answer.status for answer in answers) == [200] + [409] * 49
    won = next(answer.body["orderId"] for answer in answers if answer.status == 200)
    again = await asyncio.gather(*(complete(won) for _ in range(50)))
    assert {(answer.status, answer.body["orderId"]) for answer in again} == {(200, won)}
    assert (await hall.admin("GET", f"/queues/{queue['id']}")).body["completedCount"] == 1
