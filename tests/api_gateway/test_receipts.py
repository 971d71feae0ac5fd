"""Whoever enters gets a receipt: the entry stands in the log under a head that the organization's workers have signed."""

import json
from pathlib import Path
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import KeySet

from cli.verify import receipt_findings
from domain.fairness import verify_inclusion
from domain.fairness.draws import Receipt, check_receipt
from domain.receipts import TREE_HEAD
from tests.support.house import House
from tests.support.resident import Resident, soon
from tests.support.servers import wait_until


@pytest.fixture
def hall(house: House) -> Resident:
    return house.hall


def signed_head(hall: Resident, receipt: Any) -> Any:
    """The tree head, once its signature was checked with the published keys."""
    keys = KeySet.import_key_set(hall.call("GET", "/.well-known/jwks.json", None, {}).json())
    token = jws.deserialize_compact(receipt["signedTreeHead"], keys, algorithms=["EdDSA", "Ed25519"])
    assert token.headers()["typ"] == TREE_HEAD
    return Receipt.from_json(receipt).tree_head()


def stands_in_the_log(hall: Resident, receipt: Any, distribution: Any) -> bool:
    head = signed_head(hall, receipt)
    path = [bytes.fromhex(sibling) for sibling in receipt["path"]]
    assert str(head.distribution_id) == distribution["id"]
    return verify_inclusion(bytes.fromhex(receipt["leaf"]), receipt["index"], head.size, path, bytes.fromhex(head.root))


def test_whoever_joins_a_line_gets_a_receipt(hall: Resident) -> None:
    queue = hall.queue(openAt="2030-01-01T00:00:00Z", entryOpenAt="2020-01-01T00:00:00Z")
    receipts = [hall.entered(queue)["receipt"] for _ in range(5)]
    assert [receipt["index"] for receipt in receipts] == [0, 1, 2, 3, 4]
    assert all(stands_in_the_log(hall, receipt, queue) for receipt in receipts)


def test_a_receipt_is_told_once_and_kept_nowhere(hall: Resident) -> None:
    draw = hall.draw()
    me = hall.entrant(draw)
    again = hall.enter(draw, me["accessToken"])
    assert ("receipt" in me, "receipt" in again) == (True, False)
    operation = hall.call(
        "GET", f"/consumer/api/v1/operations/{me['participationId']}", None, hall.as_person(me["accessToken"])
    )
    assert "receipt" not in operation.text


def test_a_dropped_entry_is_shown_to_be_dropped(hall: Resident) -> None:
    draw = hall.draw(1.5)
    hall.entrant(draw)
    mine = hall.entrant(draw)["receipt"]
    left = hall.entrant(draw)
    hall.call("POST", f"/consumer/api/v1/draws/{draw['id']}/leave", None, hall.as_person(left["accessToken"]))
    hall.entrant(draw)
    assert stands_in_the_log(hall, mine, draw)
    hall.selected(draw)
    lines = hall.proof(draw)
    assert [one.verdict.value for one in check_receipt(Receipt.from_json(mine), lines, lambda _: None)] == ["holds"] * 5
    without = [line for line in lines if line.get("index") != mine["index"]]
    fallen = [one.check for one in check_receipt(Receipt.from_json(mine), without) if one.verdict.value == "fails"]
    assert fallen == ["entry", "log"]


def said_by_verify(hall: Resident, folder: Path, what: Any, proof: str, receipt: Any) -> dict[str, str]:
    """What `drumroll verify` says of a receipt, from the address of a proof and from the published keys."""
    kept, keys = folder / "receipt.json", folder / "keys.json"
    kept.write_text(json.dumps(receipt))
    keys.write_text(hall.call("GET", "/.well-known/jwks.json", None, {}).text)
    source = f"{hall.url}/consumer/api/v1/{proof}"
    findings = receipt_findings(kept, source.format(what["id"]), key=hall.publishable, keys=keys)
    return {one.check: one.verdict.value for one in findings}


def test_the_receipts_of_a_line_are_good_for_what_is_published_of_it(hall: Resident, tmp_path: Path) -> None:
    queue = hall.queue(openAt=soon(1.5), entryOpenAt="2020-01-01T00:00:00Z")
    early = [hall.entered(queue)["receipt"] for _ in range(3)]
    wait_until(lambda: hall.visit("GET", f"/queues/{queue['id']}/proof").json()["count"] == len(early))
    late = hall.entered(queue)["receipt"]
    every = dict.fromkeys(("receipt", "signature", "queue", "entry", "log"), "holds")
    said = [said_by_verify(hall, tmp_path, queue, "queues/{}/proof", receipt) for receipt in [*early, late]]
    assert said == [every, every, every, every | {"entry": "open"}]
    other = hall.entered(hall.queue(openAt="2030-01-01T00:00:00Z", entryOpenAt="2020-01-01T00:00:00Z"))["receipt"]
    assert said_by_verify(hall, tmp_path, queue, "queues/{}/proof", other)["queue"] == "fails"


def test_the_receipt_of_an_entrant_is_good_for_the_file_of_the_draw(hall: Resident, tmp_path: Path) -> None:
    draw = hall.draw(1.5)
    mine = hall.entrant(draw)["receipt"]
    hall.selected(draw)
    said = said_by_verify(hall, tmp_path, draw, "draws/{}/proof/file", mine)
    assert said == dict.fromkeys(("receipt", "signature", "draw", "entry", "log"), "holds")
