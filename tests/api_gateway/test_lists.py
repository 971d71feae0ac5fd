"""Lists: pages, cursors, filters and their links."""

from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest

from api_gateway.http.pages import Cursors, Query
from api_gateway.http.raw import RawRequest
from api_gateway.problems import Problem
from runtime.clock import Clock
from tests.support.house import House
from tests.support.resident import Resident
from tests.support.servers import wait_until


def query(sent: str, path: str = "/admin/api/v1/queues") -> Query:
    return Query(RawRequest({"path": path, "query_string": sent.encode(), "method": "GET"}, {}, Clock()))


def path_of(target: str) -> str:
    """The path under the Admin API of a link's target."""
    return target.removeprefix("/admin/api/v1")


@pytest.fixture(scope="module")
def five(house: House) -> Resident:
    """An organization that has had five experiences with this word in their names."""
    for number in range(5):
        house.hall.experience(name=f"Zephyr {number}")
    return house.hall


def names(answer: Any) -> list[str]:
    return [one["name"] for one in answer.json()["data"]]


def test_pages_lead_through_a_list(five: Resident) -> None:
    first = five.admin("GET", "/experiences?search=zephyr&per_page=2&sortBy=name&sortDir=asc")
    assert names(first) == ["Zephyr 0", "Zephyr 1"]
    assert {name: first.json()["pagination"][name] for name in ("prev", "pages", "total")} == {
        "prev": None, "pages": 3, "total": 5,
    }  # fmt: skip
    second = five.admin("GET", path_of(first.json()["pagination"]["next"]))
    third = five.admin("GET", path_of(second.json()["pagination"]["next"]))
    assert (names(second), names(third)) == (["Zephyr 2", "Zephyr 3"], ["Zephyr 4"])
    assert third.json()["pagination"]["next"] is None


def test_a_page_beyond_the_last_is_empty_and_leads_back(five: Resident) -> None:
    beyond = five.admin("GET", "/experiences?search=zephyr&per_page=2&page=999999999999")
    assert (beyond.status_code, beyond.json()["data"], beyond.json()["pagination"]["next"]) == (200, [], None)
    assert "page=3&" in beyond.json()["pagination"]["prev"]


def test_links_are_in_the_header_too(five: Resident) -> None:
    answer = five.admin("GET", "/experiences?search=zephyr&per_page=2&page=2")
    assert {rel: link["url"] for rel, link in answer.links.items()} == {
        rel: f"/admin/api/v1/experiences?search=zephyr&page={page}&per_page=2"
        for rel, page in (("first", 1), ("prev", 1), ("next", 3), ("last", 3))
    }


def test_a_search_takes_its_letters_as_they_are(five: Resident) -> None:
    assert names(five.admin("GET", "/experiences?search=zephyr%25")) == []
    assert names(five.admin("GET", "/experiences?search=zephyr_")) == []


def test_the_newest_comes_first_unless_asked_otherwise(five: Resident) -> None:
    newest = names(five.admin("GET", "/experiences?search=zephyr"))
    assert newest == [f"Zephyr {number}" for number in (4, 3, 2, 1, 0)]


def test_what_was_put_away_is_in_a_list_of_its_own(five: Resident) -> None:
    gone = five.experience(name="Zephyr the last")
    assert five.admin("DELETE", f"/experiences/{gone['id']}").status_code == 204
    assert "Zephyr the last" not in names(five.admin("GET", "/experiences?search=zephyr the"))
    assert names(five.admin("GET", "/experiences?search=zephyr the&archived=true")) == ["Zephyr the last"]


def test_queues_are_listed_by_what_they_belong_to(five: Resident) -> None:
    experience = five.experience()
    queue = five.queue(experience)
    sequence = experience["sequences"][0]["id"]
    for filtered in (f"sequenceId={sequence}", f"experienceId={experience['id']}"):
        assert [one["id"] for one in five.admin("GET", f"/queues?{filtered}").json()["data"]] == [queue["id"]]
    assert five.admin("GET", "/queues?sequenceId=nonsense").json()["data"] == []
    listed = five.admin("GET", f"/sequences/{sequence}/distributions").json()["data"]
    assert [one["id"] for one in listed] == [queue["id"]]


def test_a_cursor_leads_through_everybody_once(five: Resident) -> None:
    queue = five.queue(admitRate=1)
    people = {five.entered(queue)["participationId"] for _ in range(7)}
    seen, target = list[str](), f"/queues/{queue['id']}/consumers?after=&per_page=3"
    while target:
        answer = five.admin("GET", target).json()
        seen += [one["participationId"] for one in answer["data"]]
        assert [answer["pagination"][name] for name in ("prev", "pages", "total")] == [None, None, None]
        target = path_of(answer["pagination"]["next"] or "")
    assert (len(seen), set(seen)) == (7, people)


def test_people_are_filtered_by_status(five: Resident) -> None:
    queue = five.queue(admitRate=1)
    inside = five.granted(queue)
    waiting = five.entered(queue)
    path = f"/queues/{queue['id']}/consumers"

    def of(status: str) -> list[str]:
        return [one["consumerId"] for one in five.admin("GET", f"{path}?status={status}").json()["data"]]

    assert (of("GRANTED"), of("QUEUED")) == ([inside["consumerId"]], [waiting["consumerId"]])
    assert set(of("QUEUED,GRANTED")) == {inside["consumerId"], waiting["consumerId"]}
    assert five.admin("GET", f"{path}?status=SINGING").status_code == 400


def test_a_participation_tells_what_happened_to_it(five: Resident) -> None:
    queue = five.queue()
    guest = five.granted(queue)
    left = five.call("POST", f"/consumer/api/v1/queues/{queue['id']}/leave", {}, five.as_person(guest["accessToken"]))
    assert left.status_code == 200, left.text
    told = five.admin("GET", f"/queues/{queue['id']}/consumers/{guest['consumerId']}").json()
    assert [(one["from"], one["to"]) for one in told["history"]] == [
        ("NOT_QUEUED", "QUEUED"), ("QUEUED", "GRANTED"), ("GRANTED", "LEFT"),
    ]  # fmt: skip
    assert told["status"] == "LEFT"


def test_every_step_of_a_participation_says_who_took_it(five: Resident) -> None:
    queue = five.queue(admitRate=1)
    inside, waiting, other = five.granted(queue), five.entered(queue), five.entered(queue)
    place = f"/queues/{queue['id']}"
    for action, body in (
        ("deny", {"consumerId": waiting["consumerId"], "reason": "FRAUD_DETECTED"}),
        ("admit", {"consumerId": other["consumerId"]}),
        ("complete", {"consumerId": inside["consumerId"], "orderId": "7"}),
    ):
        done = five.admin("POST", f"{place}/{action}", body)
        assert done.status_code == 200, done.text
    keys = five.admin("GET", "/organizations/current/keys").json()["data"]

    def steps(guest: Any) -> list[tuple[str, str, str]]:
        told = five.admin("GET", f"{place}/consumers/{guest['consumerId']}").json()["history"]
        return [(one["event"].rpartition(".")[2], one["actor"]["type"], one["actor"]["id"]) for one in told]

    key = steps(waiting)[-1][2]
    assert key in [one["id"] for one in keys if one["kind"] == "secret"]  # an organization may have several
    assert steps(waiting) == [("entered", "consumer", waiting["consumerId"]), ("denied", "key", key)]
    assert steps(other) == [("entered", "consumer", other["consumerId"]), ("granted", "key", key)]
    assert steps(inside) == [
        ("entered", "consumer", inside["consumerId"]), ("granted", "system", str(UUID(int=0))), ("completed", "key", key),
    ]  # fmt: skip


def test_what_a_key_makes_was_made_by_a_key(five: Resident) -> None:
    experience = five.experience()
    assert experience["createdBy"]["type"] == experience["updatedBy"]["type"] == "key"
    assert five.queue(experience)["createdBy"] == experience["createdBy"]
    assert five.admin("GET", "/organizations/current").json()["createdBy"]["type"] == "system"


def test_a_queue_says_who_held_changed_and_ended_it(five: Resident) -> None:
    queue = five.queue()
    place, key = f"/queues/{queue['id']}", queue["createdBy"]
    assert (queue["updatedBy"], queue["statusOverrideBy"], queue["teardownStatus"]) == (key, None, None)
    assert five.admin("POST", f"{place}/pause", {}).json()["statusOverrideBy"] == key
    assert five.admin("POST", f"{place}/resume", {}).json()["statusOverrideBy"] is None
    assert five.admin("PATCH", place, {"name": "Back row"}).json()["updatedBy"] == key
    assert five.admin("POST", f"{place}/kill", {"reason": "fire"}).status_code == 200
    told = five.admin("GET", place).json()
    assert (told["statusOverrideBy"], told["updatedBy"], told["teardownStatus"]) == (key, key, "completed")


def test_a_participation_has_its_rank_once_the_order_is_drawn(five: Resident) -> None:
    queue = five.queue(admitRate=1)
    five.granted(queue)
    ranks = [one["rank"] for one in five.admin("GET", f"/queues/{queue['id']}/consumers").json()["data"]]
    assert ranks == [0]


def test_a_cursor_is_bound_to_its_list_and_filter() -> None:
    cursors, now = Cursors(b"secret"), Clock().now()
    own = query("status=QUEUED&after=&per_page=2", "/a")
    cursor = cursors.make(own, 41, now)
    assert cursors.read(query(f"status=QUEUED&after={cursor}&per_page=9", "/a"), cursor, now) == 41
    for other in (query("status=GRANTED", "/a"), query("status=QUEUED", "/b"), query("", "/a")):
        with pytest.raises(Problem, match="INVALID_CURSOR"):
            cursors.read(other, cursor, now)
    with pytest.raises(Problem):
        Cursors(b"other").read(own, cursor, now)


def test_a_cursor_is_good_for_a_day() -> None:
    cursors, clock = Cursors(b"secret"), Clock()
    cursor = cursors.make(query(""), 1, clock.now())
    tomorrow = clock.now().replace(year=clock.now().year + 1)
    with pytest.raises(Problem):
        cursors.read(query(""), cursor, tomorrow)


def test_targets_keep_every_other_parameter() -> None:
    target = query("search=ab&page=2&per_page=7&sortBy=name").target(page=3, per_page=7)
    assert parse_qs(urlsplit(target).query) == {
        "search": ["ab"], "sortBy": ["name"], "page": ["3"], "per_page": ["7"],
    }  # fmt: skip


def test_counts_are_what_happened(five: Resident) -> None:
    queue = five.queue()
    guest = five.granted(queue)
    body = {"admissionGrant": guest["admissionGrant"], "orderId": "7"}
    assert five.call("POST", "/admin/api/v1/admission/complete", body, five.as_server).status_code == 200
    wait_until(lambda: five.admin("GET", f"/queues/{queue['id']}").json()["completedCount"] == 1)
    told = five.admin("GET", f"/queues/{queue['id']}").json()
    assert [told[name] for name in ("waitingCount", "activeGrants", "admittedCount")] == [0, 0, 1]
