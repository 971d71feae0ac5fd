"""An organizer makes a launch, runs it, and ends it."""

from tests.support.caller import Answer, Json, Organizer, eventually


async def ok(answer: Answer, status: int = 200) -> Json:
    """The body of an answer with this status."""
    assert answer.status == status, answer.body
    return answer.body


async def test_an_organizer_makes_runs_and_ends_a_launch(hall: Organizer) -> None:
    experience = await ok(await hall.admin("POST", "/experiences", {"name": "Harvest", "slug": "harvest"}), 201)
    vip = {"experienceId": experience["id"], "name": "Friends of the house"}
    sequence = await ok(await hall.admin("POST", "/sequences", vip), 201)
    front, back = [
        await ok(await hall.admin("POST", "/queues", {"sequenceId": path, "name": name, "admitRate": 600_000}), 201)
        for path, name in [(experience["sequences"][0]["id"], "Front"), (sequence["id"], "Back")]
    ]
    assert front["lifecycle"] == "scheduled"
    assert (await hall.enters(front)).status == 404

    published = await ok(await hall.admin("POST", f"/experiences/{experience['id']}/publish"))
    assert published["published"]
    shown = await ok(await hall.visit("GET", "/experiences/harvest"))
    assert {queue["id"] for path in shown["sequences"] for queue in path["queues"]} == {front["id"], back["id"]}
    guest = await hall.granted(front)

    await pauses(hall, front)
    await kills(hall, front, guest)
    await ok(await hall.admin("POST", f"/queues/{back['id']}/kill", {"reason": "rain"}))
    closed = await ok(await hall.admin("GET", f"/experiences/{experience['id']}"))
    assert closed["lifecycle"] == "closed"


async def pauses(hall: Organizer, queue: Json) -> None:
    """Whoever enters during a pause of the service waits for its end."""
    place = f"/queues/{queue['id']}"
    paused = await ok(await hall.admin("POST", f"{place}/pause", {"scope": "SERVICE", "reason": "sound check"}))
    assert (paused["paused"], "resume" in paused["_links"], "pause" in paused["_links"]) == (True, True, False)
    patient = await hall.entered(queue)

    async def told_of_the_pause() -> Json:
        state = await hall.state(queue, patient["accessToken"])
        return state if state["paused"] else None

    assert (await eventually(told_of_the_pause))["status"] == "QUEUED"
    twice = await hall.admin("POST", f"{place}/pause", {"scope": "SERVICE"})
    assert (twice.status, twice.body["code"]) == (409, "ALREADY_PAUSED")
    await ok(await hall.admin("POST", f"{place}/resume", {}))
    await hall.reached(queue, patient["accessToken"], "GRANTED")
    await ok(await hall.admin("POST", f"{place}/pause", {"scope": "ENTRY"}))
    refused = await hall.enters(queue)
    assert (refused.status, refused.body["code"]) == (409, "DISTRIBUTION_PAUSED")
    await ok(await hall.admin("POST", f"{place}/resume", {}))


async def kills(hall: Organizer, queue: Json, guest: Json) -> None:
    """The end is for good: grants end with it if that is wanted, and nobody enters any more."""
    place = f"/queues/{queue['id']}"
    ended = await ok(await hall.admin("POST", f"{place}/kill", {"reason": "storm", "revokeGrants": True}))
    assert (ended["lifecycle"], ended["statusOverride"], ended["statusOverrideReason"]) == ("closed", "ended", "storm")
    gone = await hall.reached(queue, guest["accessToken"], "DENIED")
    assert gone["reason"] == "QUEUE_CLOSED"
    refused = await hall.enters(queue)
    assert (refused.status, refused.body["code"]) == (409, "QUEUE_CLOSED")
    again = await hall.admin("POST", f"{place}/kill", {"reason": "again"})
    assert (again.status, again.body["code"]) == (409, "DISTRIBUTION_CLOSED")


async def test_an_organizer_looks_through_the_lists(hall: Organizer) -> None:
    experience = await hall.experience()
    queues = [await hall.queue(experience, name=f"Door {number}") for number in range(3)]
    people = [await hall.entered(queues[0]) for _ in range(5)]

    first = await ok(await hall.admin("GET", "/queues?per_page=2&sortBy=createdAt&sortDir=asc"))
    assert [queue["id"] for queue in first["data"]] == [queue["id"] for queue in queues[:2]]
    assert (first["pagination"]["total"], first["pagination"]["pages"]) == (3, 2)
    found = await ok(await hall.admin("GET", "/queues?search=door%202"))
    assert [queue["name"] for queue in found["data"]] == ["Door 2"]

    place = f"/queues/{queues[0]['id']}/consumers"
    listed = await ok(await hall.admin("GET", f"{place}?sortDir=asc"))
    assert [entry["consumerId"] for entry in listed["data"]] == [person["consumerId"] for person in people]
    by_cursor, path = list[str](), f"{place}?after=&per_page=2"
    while path:
        page = await ok(await hall.admin("GET", path))
        by_cursor += [entry["consumerId"] for entry in page["data"]]
        path = next_of(page, place)
    assert by_cursor == [person["consumerId"] for person in people]

    denied = {"consumerId": people[0]["consumerId"], "reason": "FRAUD_DETECTED"}
    await ok(await hall.admin("POST", f"/queues/{queues[0]['id']}/deny", denied))
    one = await ok(await hall.admin("GET", f"{place}/{people[0]['consumerId']}"))
    assert [step["to"] for step in one["history"]][-1] == "DENIED"
    only = await ok(await hall.admin("GET", f"{place}?status=DENIED"))
    assert [entry["consumerId"] for entry in only["data"]] == [people[0]["consumerId"]]


def next_of(page: Json, place: str) -> str:
    """The path of the next page of a list; empty when this was the last."""
    link = page["pagination"]["next"]
    return f"{place}?{link.partition('?')[2]}" if link else ""


async def test_an_organizer_lets_one_in_out_of_turn_and_archives_what_is_over(hall: Organizer) -> None:
    queue = await hall.queue(maxActiveGrants=1)
    inside, waiting = await hall.granted(queue), await hall.entered(queue)
    place = f"/queues/{queue['id']}"

    admitted = await ok(await hall.admin("POST", f"{place}/admit", {"consumerId": waiting["consumerId"]}))

    assert (admitted["status"], admitted["outOfTurn"]) == ("GRANTED", True)
    busy = await hall.admin("DELETE", place)
    assert (busy.status, busy.body["code"]) == (409, "HAS_LIVE_PARTICIPANTS")
    for number, person in enumerate([inside, waiting]):
        order = {"consumerId": person["consumerId"], "orderId": f"order-{number}"}
        await ok(await hall.admin("POST", f"{place}/complete", order))
    assert (await hall.admin("DELETE", place)).status == 204
    assert (await ok(await hall.admin("GET", "/queues")))["data"] == []
    assert [one["id"] for one in (await ok(await hall.admin("GET", "/queues?archived=true")))["data"]] == [queue["id"]]
    assert (await hall.enters(queue)).status == 404


async def test_a_key_is_rotated_and_revoked(hall: Organizer) -> None:
    keys = (await ok(await hall.admin("GET", "/organizations/current/keys")))["data"]
    old = next(key for key in keys if key["kind"] == "secret")
    new = await ok(await hall.admin("POST", f"/organizations/current/keys/{old['id']}/rotate", {}), 201)
    fresh = {"Authorization": f"Bearer {new['key']}"}
    for headers in (hall.as_server, fresh):
        await ok(await hall.call("GET", "/admin/api/v1/queues", None, headers))
    gone = await hall.call("DELETE", f"/admin/api/v1/organizations/current/keys/{old['id']}", None, fresh)
    assert gone.status == 204

    async def refused() -> bool:
        return (await hall.admin("GET", "/queues")).status == 401

    assert await eventually(refused)
