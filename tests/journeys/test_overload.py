"""More is asked than can be decided: who asks too much is told to come again, and nobody else is."""

import asyncio

from tests.support.caller import Answer, Json, Organizer, eventually, strong_key
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
