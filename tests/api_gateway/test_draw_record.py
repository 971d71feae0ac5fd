"""The log of all draws through both APIs: for anybody, with nothing left out, of this organization alone."""

import pytest

from domain.fairness import is_proved
from domain.fairness.record import check_listed, check_record
from tests.support.house import House
from tests.support.resident import Resident


@pytest.fixture
def hall(house: House) -> Resident:
    return house.hall


def test_a_draw_stands_in_the_log_as_its_own_file_says(hall: Resident) -> None:
    draw = hall.draw(1.5)
    for _ in range(3):
        hall.entrant(draw)
    hall.selected(draw)
    checked = check_record(hall.draw_log())
    assert checked.is_proved
    assert is_proved(check_listed(hall.proof(draw), checked))


def test_what_is_hidden_ended_or_put_away_stays_in_the_log(hall: Resident) -> None:
    hidden = hall.admin("POST", "/experiences", {"name": "Secret"}).json()["sequences"][0]["id"]
    body = {"sequenceId": hidden, "name": "Raffle", "drawAt": hall.draw()["drawAt"], "winnerCount": 1}
    draw = hall.admin("POST", "/draws", body).json()
    hall.admin("POST", f"/draws/{draw['id']}/kill", {"reason": "the wrong prize"})
    assert hall.admin("DELETE", f"/draws/{draw['id']}").status_code == 204
    own = [line["line"] for line in hall.draw_log() if line.get("line", {}).get("drawId") == draw["id"]]
    assert [line["type"] for line in own] == ["CREATED", "VOID", "ARCHIVED"]
    assert own[1]["reason"] == "the wrong prize"


def test_the_document_says_where_the_file_is_and_a_proof_says_where_the_log_is(hall: Resident) -> None:
    draw = hall.draw()
    document = hall.visit("GET", "/draws/log").json()
    assert document["fileUrl"].endswith("/consumer/api/v1/draws/log/file")
    assert (document["mode"], document["organizationId"]) == ("live", draw["organizationId"])
    links = hall.visit("GET", f"/draws/{draw['id']}/proof").json()["_links"]
    assert links["log"]["href"] == document["_links"]["self"]["href"]
    first, *_, end = hall.draw_log()
    assert first == {name: document[name] for name in ("algorithm", "organizationId", "mode", "size", "head")}
    assert end == {"end": {"lines": document["size"]}}
    kept = hall.admin("GET", "/draws/log").json()
    assert (kept["size"], kept["fileUrl"].endswith("/admin/api/v1/draws/log/file")) == (document["size"], True)
    assert (
        hall.admin("GET", "/draws/log/file").content.splitlines()[1:-1]
        == hall.visit("GET", "/draws/log/file").content.splitlines()[1:-1]
    )


def test_another_organization_has_another_log(house: House) -> None:
    mine = house.hall.draw()
    theirs = house.barn.draw()
    logs = [str(one.draw_log()) for one in (house.hall, house.barn)]
    assert [mine["id"] in log for log in logs] == [True, False]
    assert [theirs["id"] in log for log in logs] == [False, True]


def test_nobody_without_a_key_reads_it(hall: Resident) -> None:
    for path in ("/draws/log", "/draws/log/file"):
        assert hall.call("GET", f"/consumer/api/v1{path}", None, {}).status_code == 401
