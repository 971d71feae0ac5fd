"""A session is renewed, copied by a thief, and ended."""

import asyncio

from tests.support.caller import Answer, Organizer, strong_key


async def refresh(hall: Organizer, token: str, **headers: str) -> Answer:
    """Trade a refresh token for the next token set."""
    return await hall.visit("POST", "/auth/refresh", {"refreshToken": token}, **headers)


async def test_tokens_are_renewed_again_and_again(hall: Organizer) -> None:
    queue = await hall.queue(maxActiveGrants=1)
    guest = await hall.entered(queue)
    token = guest["refreshToken"]
    for _ in range(3):
        renewed = await refresh(hall, token)
        assert renewed.status == 200, renewed.body
        assert renewed.body["refreshToken"] != token
        token = renewed.body["refreshToken"]
        state = await hall.state(queue, renewed.body["accessToken"])
        assert state["participationId"] == guest["participationId"]


async def test_a_used_token_that_comes_back_ends_the_session(hall: Organizer) -> None:
    queue = await hall.queue(maxActiveGrants=1)
    guest = await hall.entered(queue)
    renewed = await refresh(hall, guest["refreshToken"])

    stolen = await refresh(hall, guest["refreshToken"])

    assert (stolen.status, stolen.body["code"]) == (401, "REFRESH_TOKEN_REUSED")
    honest = await refresh(hall, renewed.body["refreshToken"])
    assert honest.status == 401
    refused = await hall.person(renewed.body["accessToken"], "POST", f"/queues/{queue['id']}/leave", {})
    assert (refused.status, refused.body["code"]) == (401, "SESSION_REVOKED")
    assert (await hall.state(queue, renewed.body["accessToken"]))["status"] in {"QUEUED", "GRANTED"}


async def test_the_same_renewal_pressed_twice_is_one_renewal(hall: Organizer) -> None:
    guest = (await hall.visit("POST", "/auth/guest", {})).body
    key = strong_key()
    first, second = await asyncio.gather(*(refresh(hall, guest["refreshToken"], Idempotency_Key=key) for _ in range(2)))
    assert (first.status, second.status) == (200, 200)
    assert first.body["refreshToken"] == second.body["refreshToken"]
    assert (await refresh(hall, first.body["refreshToken"])).status == 200


async def test_a_person_logs_out(hall: Organizer) -> None:
    queue = await hall.queue(maxActiveGrants=1)
    guest = await hall.entered(queue)
    out = await hall.person(guest["accessToken"], "POST", "/auth/logout", {})
    assert out.status == 204
    assert (await refresh(hall, guest["refreshToken"])).status == 401
    refused = await hall.person(guest["accessToken"], "POST", f"/queues/{queue['id']}/leave", {})
    assert (refused.status, refused.body["code"]) == (401, "SESSION_REVOKED")
