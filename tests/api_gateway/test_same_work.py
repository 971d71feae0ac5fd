"""What belongs to another organization is as unknown as what nobody has: the same answer, for the same work.

The time of an answer is noisy, so what makes the time is compared: every statement that is asked of the store, by the
gateway and by the workers. Each call is about things of its own, so that nothing was read for an earlier one.
"""

from typing import Any
from uuid import uuid4

import pytest

from tests.api_gateway.test_bad_input import (
    Route,
    credentials,
    routes,
    send,
    shape,
    strangers_enter,
    things_of,
    valid_body,
)
from tests.support.house import House
from tests.support.statements import Overheard, overheard


def named(route: Route, things: dict[str, str]) -> list[str]:
    """The ids that a call of this route says."""
    return [value for name, value in things.items() if "{" + name + "}" in route.path]


def nobodys(things: dict[str, str]) -> dict[str, str]:
    """The same things, of nobody."""
    return {name: str(uuid4()) for name in things}


def work(house: House, heard: Overheard, route: Route, things: dict[str, str], token: str) -> tuple[Any, list[str]]:
    """How the barn is answered about these things, and what that took; the hall goes on with its own meanwhile."""
    headers = strangers_enter(route, credentials(route, house.barn, token))
    before = len(heard.sent)
    answer = send(house, route, things, headers, **valid_body(route))
    said = Overheard(heard.sent[before:])
    return shape(answer), said.about(*named(route, things), without=str(house.hall.made.live))


def test_a_thing_of_another_organization_takes_the_work_of_one_that_nobody_has(house: House) -> None:
    token, different, asked = house.barn.guest()["accessToken"], {}, 0
    with overheard() as heard:
        for route in filter(lambda one: "{" in one.path, routes(house.url)):
            theirs = things_of(house.hall)
            found = work(house, heard, route, theirs, token)
            missing = work(house, heard, route, nobodys(theirs), token)
            asked += len(found[1])
            if found != missing:
                different[f"{route.method} {route.path}"] = (found, missing)
    assert different == {}
    assert asked > len(routes(house.url)) / 2


@pytest.mark.parametrize(
    ("method", "path", "body", "member"),
    [
        ("POST", "/queues", {"name": "Row", "admitRate": 60}, "sequenceId"),
        ("POST", "/sequences", {"name": "Door"}, "experienceId"),
        ("POST", "/queues/{own}/admit", {}, "consumerId"),
        ("POST", "/queues/{own}/deny", {"reason": "ADMIN_ACTION"}, "consumerId"),
        ("POST", "/queues/{own}/complete", {"orderId": "1"}, "consumerId"),
        ("GET", "/queues/{own}/consumers/{consumerId}", None, "consumerId"),
        ("GET", "/queues?sequenceId={sequenceId}", None, "sequenceId"),
        ("GET", "/queues?experienceId={experienceId}", None, "experienceId"),
        ("GET", "/sequences?experienceId={experienceId}", None, "experienceId"),
    ],
)
def test_so_does_one_that_is_named_beside_the_path(
    house: House, method: str, path: str, body: dict[str, Any] | None, member: str
) -> None:
    own, theirs = house.barn.queue(), things_of(house.hall)
    ids = {"sequenceId": "sequence_id", "experienceId": "experience_id", "consumerId": "consumer_id"}
    answers = []
    with overheard() as heard:
        for wanted in (theirs[ids[member]], str(uuid4())):
            before = len(heard.sent)
            where = path.replace("{own}", own["id"]).replace("{" + member + "}", wanted)
            answer = house.barn.admin(method, where, None if body is None else body | {member: wanted})
            said = Overheard(heard.sent[before:]).about(wanted, without=str(house.hall.made.live))
            answers.append((_masked(answer, wanted), said))
    assert answers[0] == answers[1]
    assert answers[0][1], "nothing was asked"


def test_work_that_differs_would_be_seen(house: House) -> None:
    things, token = things_of(house.barn), house.barn.guest()["accessToken"]
    route = next(one for one in routes(house.url) if one.path.endswith("/queues/{queue_id}/consumers"))
    with overheard() as heard:
        found, missing = (work(house, heard, route, one, token) for one in (things, nobodys(things)))
    assert found != missing
    assert len(found[1]) > len(missing[1])


def _masked(answer: Any, wanted: str) -> tuple[Any, ...]:
    body = {name: value for name, value in answer.json().items() if name != "requestId"}
    return answer.status_code, str(body).replace(wanted, "it"), set(answer.headers) - {"date"}
