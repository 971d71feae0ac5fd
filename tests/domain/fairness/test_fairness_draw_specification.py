"""Sections 12 to 22 of docs/fairness.md against the code, and against a second implementation written from their text."""

import hmac
import json
import re
import struct
from hashlib import sha256
from pathlib import Path
from typing import Any, get_args
from uuid import UUID

import pytest

from domain.fairness import Finding, entry_key, is_proved, leaf_hash
from domain.fairness.draws import DrawDocument, DrawRules, Receipt, check_draw, check_receipt, leaf_of
from domain.fairness.draws.steps import AnyBody
from tests.domain.fairness.test_fairness_specification import plain_head

TEXT = Path(__file__).parents[3].joinpath("docs", "fairness.md").read_text(encoding="utf-8")
VECTORS: dict[str, Any] = json.loads(re.findall(r"^```json\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)[1])
FILE: list[dict[str, Any]] = VECTORS["file"]
DOCUMENT = FILE[0]
LEAVES = [line for line in FILE if "leaf" in line]
STEPS = [line["step"] for line in FILE if "step" in line]


def section(number: int) -> str:
    """The text of a section."""
    return TEXT[TEXT.index(f"## {number}.") : TEXT.index(f"## {number + 1}.")]


def plain_json(document: object) -> bytes:
    """The canonical form of what the example holds: ASCII and integers."""
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


def plain_instant(text: str) -> int:
    """The microseconds since 1970 of an instant of this century, by the calendar."""
    year, month, day, hour, minute, second, micro = map(int, re.findall(r"\d+", text))
    days = 365 * (year - 1970) + (year - 1969) // 4 + (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)[month - 1]
    days += day - 1 + (year % 4 == 0 and month > 2)
    return (((days * 24 + hour) * 60 + minute) * 60 + second) * 1_000_000 + micro


def plain_leaf(line: dict[str, Any]) -> bytes:
    """The content of a leaf, as section 13 describes it."""
    participation, at = UUID(line["participationId"]).bytes, plain_instant(line["receivedAt"])
    if line["leaf"] != "enter":
        return struct.pack(">2s16sQ", {"leave": b"DL", "deny": b"DD"}[line["leaf"]], participation, at)
    prizes = line["preferences"]
    return (
        struct.pack(
            ">2sQQ16sQHH", b"DE", line["number"], line["ticket"], participation, at, line["tickets"], line["people"]
        )
        + (bytes(32) if line["duplicateKey"] is None else bytes.fromhex(line["duplicateKey"]))
        + (bytes(32) if prizes is None else sha256(plain_json(prizes)).digest())
    )


def plain_seed() -> bytes:
    """The seed, as sections 6 and 14 describe it."""
    settled = b"drumroll/order/1\x00" + UUID(DOCUMENT["distributionId"]).bytes
    settled += bytes.fromhex(DOCUMENT["rulesHash"]) + bytes.fromhex(DOCUMENT["treeHead"])
    return sha256(settled + DOCUMENT["logSize"].to_bytes(8, "big") + bytes.fromhex(DOCUMENT["serverSeed"])).digest()


def plain_order() -> list[dict[str, Any]]:
    """The entries by rank, as section 14 describes it."""

    def key(entry: dict[str, Any]) -> tuple[bytes, int]:
        tickets = range(entry["ticket"], entry["ticket"] + entry["tickets"])
        return min(hmac.digest(plain_seed(), t.to_bytes(8, "big"), "sha256") for t in tickets), entry["number"]

    return sorted((line for line in LEAVES if line["leaf"] == "enter"), key=key)


class PlainFill:
    """The fill, as section 15 describes it; participations stand for entries."""

    def __init__(self) -> None:
        self.order, self.rules = plain_order(), DOCUMENT["rules"]
        self.size = {entry["participationId"]: entry["people"] for entry in self.order}
        self.out = {line["participationId"] for line in LEAVES if line["leaf"] != "enter"}
        self.out |= {step["participationId"] for step in STEPS[:2] if step["type"] in {"LEFT", "DENIED"}}
        self.seen: set[str] = set()
        self.held: list[str] = []
        self.passed: list[str] = []
        self.requeued: list[str] = []
        self.reached, self.end = 0, len(self.order)

    def turns(self) -> list[tuple[str, str]]:
        """What a fill gives: who is passed over and who wins, in order."""
        found = []
        while (free := self.rules["winnerCount"] - sum(self.size[one] for one in self.held)) > 0:
            fits = [one for one in self.passed if one not in self.out and self.size[one] <= free]
            again = [one for one in self.requeued if one not in self.out and self.size[one] <= free]
            if fits:
                self.passed.remove(fits[0])
                found.append(("PROMOTED", fits[0]))
            elif self.reached < self.end:
                found += self.look(free)
            elif again:
                self.requeued.remove(again[0])
                found.append(("PROMOTED", again[0]))
            else:
                break
            self.held += [who for what, who in found[-1:] if what == "PROMOTED" and who not in self.held]
        return found

    def look(self, free: int) -> list[tuple[str, str]]:
        """Step 2 of a fill."""
        entry = self.order[self.reached]
        self.reached += 1
        who, key = entry["participationId"], entry["duplicateKey"]
        if who in self.out or key in self.seen:
            return []
        self.seen |= {key} if key else set()
        if entry["people"] > free:
            self.passed.append(who)
            return [("PASSED", who)]
        return [("PROMOTED", who)]


@pytest.mark.parametrize("vector", VECTORS["leaves"], ids=lambda vector: f"{vector['leaf']} {vector['index']}")
def test_the_leaves_of_the_document(vector: dict[str, Any]) -> None:
    line = {name: vector[name] for name in vector if name not in {"content", "leafHash"}}
    assert plain_leaf(line).hex() == leaf_of(line).leaf().hex() == vector["content"]
    assert leaf_hash(leaf_of(line).leaf()).hex() == vector["leafHash"]
    assert leaf_of(line).as_json() == line == LEAVES[line["index"]]


def test_the_frozen_log_of_the_document() -> None:
    hashes = [sha256(b"\x00drumroll/leaf/1\x00" + plain_leaf(line)).digest() for line in LEAVES]
    assert plain_head(hashes).hex() == DOCUMENT["treeHead"]
    assert len(hashes) == DOCUMENT["logSize"]


def test_the_seed_the_keys_and_the_order_of_the_document() -> None:
    assert plain_seed().hex() == DOCUMENT["seed"]
    assert sha256(plain_json(DOCUMENT["rules"])).hexdigest() == DOCUMENT["rulesHash"]
    assert [entry["number"] for entry in plain_order()] == VECTORS["order"]
    for vector in VECTORS["keys"]:
        tickets = range(vector["firstTicket"], vector["firstTicket"] + vector["tickets"])
        plain = min(hmac.digest(plain_seed(), ticket.to_bytes(8, "big"), "sha256") for ticket in tickets)
        assert plain.hex() == entry_key(plain_seed(), vector["firstTicket"], vector["tickets"]).hex() == vector["key"]


def test_the_steps_of_the_document_are_a_chain() -> None:
    tag = b"drumroll/draw-log/1\x00"
    head = sha256(tag + UUID(DOCUMENT["distributionId"]).bytes + bytes.fromhex(DOCUMENT["treeHead"])).hexdigest()
    for n, step in enumerate(STEPS):
        assert (step["n"], step["prevHash"]) == (n, head)
        head = sha256(tag + plain_json({name: step[name] for name in step if name != "hash"})).hexdigest()
        assert step["hash"] == head
    assert DOCUMENT["steps"] == {"size": len(STEPS), "head": head}


def test_the_outcome_of_the_document_follows_from_its_text() -> None:
    fill, due = PlainFill(), []
    for step in STEPS[3:]:
        who = step.get("participationId")
        if step["type"] == "SELECTED":
            assert [what for what, _ in fill.turns()] == ["PROMOTED"] * step["winners"]
            assert (fill.reached, sum(fill.size[one] for one in fill.held)) == (step["reached"], step["places"])
            fill.end = min(fill.end, fill.reached + fill.rules["alternateCount"])
        elif step["type"] in {"DECLINED", "EXPIRED", "REQUEUED"}:
            assert due == []
            fill.held.remove(who)
            fill.requeued += [who] if step["type"] == "REQUEUED" else []
            due = fill.turns()
        elif step["type"] in {"PASSED", "PROMOTED"}:
            assert due.pop(0) == (step["type"], who)
    assert check_draw(FILE).statement.holding == len(fill.held)


def test_the_published_example_of_the_document_is_proved() -> None:
    assert check_draw(FILE).is_proved
    assert DrawDocument.model_validate(DOCUMENT).as_json() == DOCUMENT
    assert {step["type"] for step in STEPS} >= {"LEFT", "PASSED", "PROMOTED", "REQUEUED", "EXPIRED", "DECLINED"}


def test_the_receipt_of_the_document_is_of_its_file() -> None:
    findings = check_receipt(Receipt.from_json(VECTORS["receipt"]), FILE)
    assert is_proved(findings)
    assert named(section(20)) == checks(findings)


def named(text: str) -> list[str]:
    """The names in the first column of a section's last table."""
    return re.findall(r"^\| (\w+) \|", text, re.MULTILINE)[1:]


def checks(findings: Any) -> list[str]:
    """The names of findings."""
    found: list[Finding] = list(findings)
    return [finding.check for finding in found]


def test_the_document_names_every_check_in_order() -> None:
    assert named(section(19)) == checks(check_draw(FILE).findings)


def test_the_document_names_every_type_of_step_with_its_members() -> None:
    for body in get_args(AnyBody):
        name = body.model_fields["type"].default
        row = re.search(rf"^\| {name} \|(.*?)\|", section(16), re.MULTILINE)
        assert row, name
        optional = {field.alias for field in body.model_fields.values() if not field.is_required()} - {"type"}
        written = [part.split(":")[0].strip(" []") for part in re.split(r",(?![^{]*})", row[1]) if part.strip()]
        assert written == [field.alias for field in body.model_fields.values()][1:], name
        assert {part for part in written if f"[{part}" in row[1]} == optional, name


def test_the_document_names_every_member_that_is_published() -> None:
    for member in [*DOCUMENT, *LEAVES[0], *LEAVES[4]]:
        assert re.search(rf"^\|.*\b{member}\b.*\|", section(18), re.MULTILINE), member
    for field in DrawRules.model_fields.values():
        assert re.search(rf"^\|.*\b{field.alias}\b.*\|", section(15), re.MULTILINE), field.alias
