"""A guest comes through a waiting room: enters, waits, is let in, is let buy, and is gone."""

import aiohttp
import jwt
import pytest

from tests.support.caller import CONSUMER, Organizer, eventually


async def test_a_guest_waits_for_the_opening_and_buys_with_the_grant(hall: Organizer) -> None:
    queue = await hall.queue(maxActiveGrants=1)
    first = await hall.granted(queue)
    second = await hall.entered(queue)
    assert (second["status"], second["position"]) == ("QUEUED", 1)

    await buys(hall, queue, first, "A-1")

    second |= await hall.reached(queue, second["accessToken"], "GRANTED")
    await buys(hall, queue, second, "A-2")
    kept = (await hall.admin("GET", f"/queues/{queue['id']}")).body
    assert (kept["waitingCount"], kept["activeGrants"], kept["completedCount"]) == (0, 0, 2)


async def buys(hall: Organizer, queue: dict[str, str], guest: dict[str, str], order: str) -> None:
    """The shop checks the grant by itself, asks whether it is good now, and reports the order."""
    claims = await checked_offline(hall, guest["admissionGrant"])
    assert (claims["sub"], claims["distributionId"]) == (guest["consumerId"], queue["id"])
    assert claims["participationId"] == guest["participationId"]
    grant = {"admissionGrant": guest["admissionGrant"]}
    valid = await hall.server("POST", "/admission/validate", grant | {"consumerId": guest["consumerId"]})
    assert (valid.status, valid.body["valid"]) == (200, True)
    done = await hall.server("POST", "/admission/complete", grant | {"orderId": order})
    assert (done.status, done.body["status"], done.body["orderId"]) == (200, "COMPLETED", order)
    again = await hall.server("POST", "/admission/complete", grant | {"orderId": "another"})
    assert (again.status, again.body["code"]) == (409, "GRANT_ALREADY_USED")
    late = await hall.server("POST", "/admission/validate", grant)
    assert (late.body["valid"], late.body["code"]) == (False, "GRANT_ALREADY_USED")
    assert (await hall.reached(queue, guest["accessToken"], "COMPLETED"))["participationId"] == guest["participationId"]


async def checked_offline(hall: Organizer, grant: str) -> dict[str, str]:
    """What a shop learns from a grant with a library of its own and the published keys."""
    published = await hall.call("GET", "/.well-known/jwks.json")
    header = jwt.get_unverified_header(grant)
    assert header["typ"] == "admission+jwt"
    key = jwt.PyJWKSet.from_dict(published.body)[header["kid"]]
    with pytest.raises(jwt.InvalidAudienceError):
        jwt.decode(grant, key, ["EdDSA"], audience="somebody-else")
    claims: dict[str, str] = jwt.decode(
        grant, key, ["EdDSA"], audience=str(hall.made.id), options={"require": ["exp", "nbf", "sub", "jti"]}, leeway=5
    )
    return claims


async def test_a_guest_who_leaves_frees_the_place_and_may_come_again(hall: Organizer) -> None:
    queue = await hall.queue(maxActiveGrants=1)
    inside, waiting = await hall.granted(queue), await hall.entered(queue)

    left = await hall.person(inside["accessToken"], "POST", f"/queues/{queue['id']}/leave", {})

    assert left.body["status"] == "LEFT"
    await hall.reached(queue, waiting["accessToken"], "GRANTED")
    verdict = await hall.server("POST", "/admission/validate", {"admissionGrant": inside["admissionGrant"]})
    assert verdict.body["code"] == "GRANT_REVOKED"
    back = await hall.person(inside["accessToken"], "POST", f"/queues/{queue['id']}/enter", {})
    assert back.body["status"] == "QUEUED"
    assert back.body["participationId"] != inside["participationId"]


async def test_a_guest_hears_the_turn_come_in_the_stream(hall: Organizer) -> None:
    queue = await hall.queue(maxActiveGrants=1)
    inside, waiting = await hall.granted(queue), await hall.entered(queue)
    url = f"{hall.urls[0]}{CONSUMER}/queues/{queue['id']}/events"
    async with hall.session.get(url, headers=hall.as_person(waiting["accessToken"])) as stream:
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        assert b'"QUEUED"' in await anext_event(stream.content, b"state")
        await hall.person(inside["accessToken"], "POST", f"/queues/{queue['id']}/leave", {})
        told = await eventually(lambda: granted_in(stream.content))
    assert b'"admissionGrant"' in told


async def granted_in(content: aiohttp.StreamReader) -> bytes:
    """The next state of a stream, if it is a grant."""
    event = await anext_event(content, b"state")
    return event if b'"GRANTED"' in event else b""


async def anext_event(content: aiohttp.StreamReader, name: bytes) -> bytes:
    """The data of the next event of this name."""
    event = b""
    async for line in content:
        if line.startswith(b"event: "):
            event = line.removeprefix(b"event: ").strip()
        elif line.startswith(b"data: ") and event == name:
            return line
    raise AssertionError("the stream ended")
