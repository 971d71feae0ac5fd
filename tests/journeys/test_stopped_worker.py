"""The workers stand still for a while: everybody is told 202, and everything is decided when they go on."""

import asyncio
from datetime import datetime, timedelta

import jwt

from tests.support.caller import Json, Organizer, strong_key, until
from tests.support.installation import Grounds

GRANT_SECONDS = 900


async def test_what_is_accepted_while_workers_stand_still_is_decided_later(grounds: Grounds, hall: Organizer) -> None:
    queue = await hall.queue(admissionExpirationSeconds=GRANT_SECONDS)
    keys = [strong_key() for _ in range(10)]
    grounds.system.stop("admission")
    try:
        accepted = await asyncio.gather(*(hall.enters(queue, key, Prefer="wait=1") for key in keys))
        assert {answer.status for answer in accepted} == {202}
        pending = await hall.call("GET", accepted[0].headers["Location"], None, hall.as_server)
        assert pending.body["status"] == "PENDING"
        again = await hall.enters(queue, keys[0], Prefer="respond-async")
        assert again.headers["Location"] == accepted[0].headers["Location"]
        assert grounds.waiting() == 11
        went_on_at = grounds.value("SELECT ledger_now()")
    finally:
        grounds.system.cont("admission")

    path, visitor = f"/consumer/api/v1/queues/{queue['id']}/enter", hall.as_visitor
    told = await asyncio.gather(*(hall.insist("POST", path, {}, visitor | {"Idempotency-Key": key}) for key in keys))

    assert {answer.status for answer in told} == {200}
    states = [await hall.reached(queue, answer.body["accessToken"], "GRANTED") for answer in told]
    assert len({state["participationId"] for state in states}) == len(keys)
    for state in states:
        assert_good_for_its_full_time(state, went_on_at)
    await until(grounds.at_rest)


def assert_good_for_its_full_time(state: Json, went_on_at: datetime) -> None:
    """A grant's time begins when it is given, not when it was asked for."""
    full = timedelta(seconds=GRANT_SECONDS)
    assert datetime.fromisoformat(state["expiresAt"]) >= went_on_at + full - timedelta(milliseconds=1)
    claims = jwt.decode(state["admissionGrant"], options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == GRANT_SECONDS
    assert claims["exp"] >= int((went_on_at + full).timestamp())
