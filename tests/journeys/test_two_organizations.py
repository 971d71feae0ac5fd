"""Two organizations in one installation, and the two modes of one: nobody sees or touches what belongs to another."""

import re
from collections.abc import Iterator, Mapping
from uuid import uuid4

import pytest

from tests.support.caller import ADMIN, CONSUMER, Answer, Json, Organizer, strong_key

BODIES: Mapping[str, Json] = {
    "EnterDrawBody": {}, "LeaveDrawBody": {}, "ResumeDrawBody": {},
    "EnterPersonBody": {"consumerId": "{consumer_id}"},
    "DenyEntrantBody": {"consumerId": "{consumer_id}", "reason": "ADMIN_ACTION"},
    "DrawChanges": {"name": "Raffle"},
    "DrawConfig": {"name": "Raffle", "drawAt": "2100-01-01T00:00:00Z", "winnerCount": 1},
    "BeaconBody": {"round": 1, "signature": "b7" * 48},
    "EnterBody": {}, "EnterExperienceBody": {}, "LeaveBody": {}, "AdmitBody": {"consumerId": "{consumer_id}"},
    "DenyBody": {"consumerId": "{consumer_id}", "reason": "ADMIN_ACTION"},
    "ValidateBody": {"admissionGrant": "{grant}"}, "CompleteBody": {"consumerId": "{consumer_id}", "orderId": "theirs"},
    "ExperienceChanges": {"name": "Ours"}, "ExperienceConfig": {"name": "Ours"}, "SequenceChanges": {"name": "Ours"},
    "SequenceConfig": {"name": "Ours"}, "QueueChanges": {"name": "Ours"}, "QueueConfig": {"name": "Ours", "admitRate": 60},
    "PauseBody": {}, "ResumeBody": {}, "KillBody": {"reason": "envy"}, "RotateBody": {}, "DuplicateBody": {},
}  # fmt: skip
"""A body that each route would take, if the object were the caller's own. A new route is missed here loudly."""


class Property:
    """What an organization owns: one object of every sort, by the names of path parameters."""

    def __init__(self, hall: Organizer, ids: Mapping[str, str]) -> None:
        self.hall, self.ids = hall, ids

    def without_people(self) -> Json:
        """The same names, with ids that nobody has."""
        return {name: str(uuid4()) for name in self.ids} | {"grant": self.ids["grant"]}

    async def as_it_is(self) -> Json:
        """How everything stands, as its owner sees it."""
        looks = [
            f"/experiences/{self.ids['experience_id']}?include=distributions", f"/queues/{self.ids['queue_id']}/consumers",
            f"/queues/{self.ids['queue_id']}", f"/sequences/{self.ids['sequence_id']}", "/organizations/current/keys",
            "/organizations/current", f"/draws/{self.ids['draw_id']}",
        ]  # fmt: skip
        return [(await self.hall.admin("GET", path)).body for path in looks]


@pytest.fixture
async def owned(hall: Organizer) -> Property:
    """Everything that the hall has."""
    experience = await hall.experience(slug="harvest")
    queue = await hall.queue(experience)
    guest = await hall.granted(queue)
    raffle = {"name": "Raffle", "drawAt": "2100-01-01T00:00:00Z", "winnerCount": 1}
    draw = (await hall.admin("POST", "/draws", raffle | {"sequenceId": experience["sequences"][0]["id"]})).body
    later = await hall.admin("POST", f"/queues/{queue['id']}/pause", {}, Prefer="respond-async")
    keys = (await hall.admin("GET", "/organizations/current/keys")).body["data"]
    ids = {
        "experience_id": experience["id"], "experience": experience["slug"], "queue_id": queue["id"],
        "draw_id": draw["id"],
        "sequence_id": experience["sequences"][0]["id"], "consumer_id": guest["consumerId"], "key_id": keys[0]["id"],
        "operation_id": later.body["id"], "organization_id": str(hall.made.id), "grant": guest["admissionGrant"],
        "token": guest["accessToken"],
    }  # fmt: skip
    await hall.followed(later, hall.as_server)
    return Property(hall, ids)


@pytest.fixture(params=["another organization", "the same organization in test mode"])
def asker(request: pytest.FixtureRequest, hall: Organizer, barn: Organizer) -> Organizer:
    """Who asks for what is not theirs."""
    return barn if request.param == "another organization" else hall.in_test_mode()


async def test_every_object_of_another_is_unknown(owned: Property, asker: Organizer) -> None:
    before, guest = await owned.as_it_is(), (await asker.visit("POST", "/auth/guest", {})).body
    wrong = {}
    for base in (CONSUMER, ADMIN):
        document = (await asker.call("GET", f"{base}/openapi.json")).body
        for method, path, route in routes_with_ids(document):
            if asker.made is owned.hall.made and "{organization_id}" in path:
                continue
            call = Asked(asker, guest["accessToken"], method, base + path, route)
            theirs, nobodys = await call.about(owned.ids), await call.about(owned.without_people())
            if told(theirs) != told(nobodys) or theirs.status not in {404, 200}:
                wrong[f"{method} {base}{path}"] = (told(theirs), told(nobodys))
            if theirs.status == 200:
                assert theirs.body["valid"] is False, (path, theirs.body)
    assert wrong == {}
    assert await owned.as_it_is() == before


def routes_with_ids(document: Json) -> Iterator[tuple[str, str, Json]]:
    """The routes of an API that name an object."""
    found = [
        (method.upper(), path, route)
        for path, routes in document["paths"].items() if "{" in path
        for method, route in routes.items()
    ]  # fmt: skip
    assert len(found) > 10
    yield from found


class Asked:
    """A call of one route by somebody who has all credentials it could want."""

    def __init__(self, asker: Organizer, token: str, method: str, path: str, route: Json) -> None:
        self.asker, self.method, self.path = asker, method, path
        wants = {name for choice in route["security"] for name in choice}
        headers = asker.as_server if "secretKey" in wants else asker.as_visitor
        self.headers = asker.as_person(token) if "accessToken" in wants and "secretKey" not in wants else headers
        content = route.get("requestBody", {}).get("content", {}).get("application/json", {})
        schema = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
        assert not schema or schema in BODIES, f"{method} {path} takes {schema}: say in BODIES what it would take"
        self.body = BODIES[schema] if schema else None

    async def about(self, ids: Mapping[str, str]) -> Answer:
        """The answer about objects with these ids."""
        path = re.sub(r"{(\w+)}", lambda name: ids[name[1]], self.path)
        body = {name: re.sub(r"^{(\w+)}$", lambda found: ids[found[1]], str(value)) if isinstance(value, str) else value
                for name, value in self.body.items()} if self.body is not None else None  # fmt: skip
        return await self.asker.call(self.method, path, body, self.headers | {"Idempotency-Key": strong_key()})


def told(answer: Answer) -> Json:
    """What an answer tells: everything but the request's id."""
    body = {name: value for name, value in (answer.body or {}).items() if name not in {"requestId", "detail"}}
    return answer.status, body


async def test_what_names_the_objects_of_another_is_refused(owned: Property, asker: Organizer) -> None:
    ids, queue = owned.ids, await asker.queue()
    guest = await asker.entered(queue)
    asked = [
        (404, await asker.admin("POST", "/sequences", {"experienceId": ids["experience_id"], "name": "Ours"})),
        (404, await asker.admin("POST", "/queues", {"sequenceId": ids["sequence_id"], "name": "A", "admitRate": 60})),
        (404, await asker.admin("GET", f"/queues/{queue['id']}/consumers/{ids['consumer_id']}")),
        (404, await asker.admin("POST", f"/queues/{queue['id']}/admit", {"consumerId": ids["consumer_id"]})),
        (400, await asker.server("POST", "/admission/complete", {"admissionGrant": ids["grant"], "orderId": "theirs"})),
        (401, await asker.person(ids["token"], "GET", f"/queues/{queue['id']}/status")),
        (401, await owned.hall.person(guest["accessToken"], "GET", f"/queues/{ids['queue_id']}/status")),
    ]
    assert [answer.status for _, answer in asked] == [status for status, _ in asked], [one.body for _, one in asked]
    verdict = await asker.server("POST", "/admission/validate", {"admissionGrant": ids["grant"]})
    assert (verdict.status, verdict.body["valid"], "grant" in verdict.body) == (200, False, False)


async def test_lists_show_nothing_of_another(owned: Property, asker: Organizer) -> None:
    own = await asker.queue()
    lists = [
        "/experiences?include=distributions", "/sequences", "/queues", f"/queues?sequenceId={owned.ids['sequence_id']}",
        f"/sequences?experienceId={owned.ids['experience_id']}", f"/queues?experienceId={owned.ids['experience_id']}",
        "/organizations/current/keys", f"/queues/{own['id']}/consumers", "/experiences?archived=true",
    ]  # fmt: skip
    texts = [str((await asker.admin("GET", path)).body) for path in lists]
    hidden = [owned.ids[name] for name in ("experience_id", "sequence_id", "queue_id", "consumer_id", "key_id")]
    assert [(path, one) for path, text in zip(lists, texts, strict=True) for one in hidden if one in text] == []
