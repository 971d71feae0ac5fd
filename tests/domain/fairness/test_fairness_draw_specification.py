"""Sections 12 to 21 and 23 of docs/fairness.md against the code, and against a second implementation written from their text."""

import hmac
import json
import re
import struct
from base64 import urlsafe_b64decode
from hashlib import sha256
from pathlib import Path
from typing import Any, get_args
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from domain.fairness import Finding, entry_key, is_proved, leaf_hash
from domain.fairness.draws import DrawDocument, DrawRules, Receipt, check_draw, check_receipt, leaf_of
from domain.fairness.draws.steps import AnyBody
from tests.domain.fairness.test_fairness_specification import plain_head

TEXT = Path(__file__).parents[3].joinpath("docs", "fairness.md").read_text(encoding="utf-8")
VECTORS: dict[str, Any] = json.loads(re.findall(r"^```json\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)[1])
FILE: list[dict[str, Any]] = VECTORS["file"]
PRIZES: list[dict[str, Any]] = VECTORS["prizes"]
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


def plain_seed(document: dict[str, Any] = DOCUMENT) -> bytes:
    """The seed, as sections 6 and 14 describe it."""
    settled = b"drumroll/order/1\x00" + UUID(document["distributionId"]).bytes
    settled += bytes.fromhex(document["rulesHash"]) + bytes.fromhex(document["treeHead"])
    return sha256(settled + document["logSize"].to_bytes(8, "big") + bytes.fromhex(document["serverSeed"])).digest()


def plain_order(file: list[dict[str, Any]] = FILE) -> list[dict[str, Any]]:
    """The entries by rank, as section 14 describes it."""

    def key(entry: dict[str, Any]) -> tuple[bytes, int]:
        tickets = range(entry["ticket"], entry["ticket"] + entry["tickets"])
        return min(hmac.digest(plain_seed(file[0]), t.to_bytes(8, "big"), "sha256") for t in tickets), entry["number"]

    return sorted((line for line in file if line.get("leaf") == "enter"), key=key)


class PlainFill:
    """The fill, as section 15 describes it; participations stand for entries."""

    def __init__(self, file: list[dict[str, Any]]) -> None:
        self.rules, steps = file[0]["rules"], [line["step"] for line in file if "step" in line]
        self.order = plain_order(file)
        self.places = {one["name"]: one["places"] for one in self.rules["prizes"] or ()}
        self.places = self.places or {"": self.rules["winnerCount"]}
        self.size = {entry["participationId"]: entry["people"] for entry in self.order}
        self.out = {line["participationId"] for line in file if line.get("leaf") in {"leave", "deny"}}
        self.out |= {step["participationId"] for step in steps[:2] if step["type"] in {"LEFT", "DENIED"}}
        self.seen: set[str] = set()
        self.won: set[str] = set()
        self.held: dict[str, str] = {}
        self.passed: dict[int, tuple[str, str]] = {}
        self.requeued: list[str] = []
        self.reached = dict.fromkeys(self.places, 0)
        self.end = len(self.order) * len(self.places)
        self.counts = {entry["participationId"] for entry in self.order if self.is_first_of_its_key(entry)}

    def is_first_of_its_key(self, entry: dict[str, Any]) -> bool:
        """Whether an entry of the pool is the best of its duplicates."""
        who, key = entry["participationId"], entry["duplicateKey"]
        if who in self.out or key in self.seen:
            return False
        self.seen |= {key} if key else set()
        return True

    def free(self, prize: str) -> int:
        """Places of a prize that nobody holds."""
        return int(self.places[prize]) - sum(self.size[who] for who, held in self.held.items() if held == prize)

    def wishes(self, entry: dict[str, Any]) -> list[str]:
        """What an entry prefers."""
        return entry["preferences"] or [""]

    def turns(self) -> list[tuple[str, str, str]]:
        """What a fill gives: who is passed over and who wins, which prize, in order."""
        found = []
        while turn := self.turn():
            found += [turn] if turn[0] != "SKIPPED" else []
            if turn[0] == "PROMOTED":
                _, who, prize = turn
                self.held[who] = prize
                self.won.add(who)
                self.passed = {at: group for at, group in self.passed.items() if group[0] != who}
                self.requeued = [one for one in self.requeued if one != who]
        return found

    def turn(self) -> tuple[str, str, str] | None:
        """One turn of a fill, by its steps 1 to 4."""
        for _, (who, prize) in sorted(self.passed.items()):
            if who not in self.out and self.size[who] <= self.free(prize):
                return "PROMOTED", who, prize
        for turn in range(self.end):
            entry, preference = self.order[turn % len(self.order)], turn // len(self.order)
            prize = (self.wishes(entry)[preference:] or [None])[0]
            if prize is not None and self.free(prize) and turn >= self.reached[prize]:
                return self.look(turn, entry["participationId"], prize)
        for who in self.requeued:
            entry = next(entry for entry in self.order if entry["participationId"] == who)
            fits = [prize for prize in self.wishes(entry) if self.size[who] <= self.free(prize)]
            if fits and who not in self.out:
                return "PROMOTED", who, fits[0]
        return None

    def look(self, turn: int, who: str, prize: str) -> tuple[str, str, str]:
        """Step 2 of a fill."""
        self.reached[prize] = turn + 1
        if who in self.out or who in self.won or who not in self.counts:
            return "SKIPPED", who, prize
        if self.size[who] > self.free(prize):
            self.passed[turn] = who, prize
            return "PASSED", who, prize
        return "PROMOTED", who, prize


@pytest.mark.parametrize("vector", VECTORS["leaves"], ids=lambda vector: f"{vector['leaf']} {vector['index']}")
def test_the_leaves_of_the_document(vector: dict[str, Any]) -> None:
    line = {name: vector[name] for name in vector if name not in {"content", "leafHash"}}
    assert plain_leaf(line).hex() == leaf_of(line).leaf().hex() == vector["content"]
    assert leaf_hash(leaf_of(line).leaf()).hex() == vector["leafHash"]
    file = PRIZES if line.get("preferences") else FILE
    assert leaf_of(line).as_json() == line == file[1 + line["index"]]


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


@pytest.mark.parametrize("file", [FILE, PRIZES], ids=["file", "prizes"])
def test_the_outcome_of_the_document_follows_from_its_text(file: list[dict[str, Any]]) -> None:
    fill, due = PlainFill(file), list[tuple[str, str, str]]()
    steps = [line["step"] for line in file if "step" in line]
    first = next(n for n, step in enumerate(steps) if step["type"] == "SELECTED")
    for step in steps[first:]:
        who = step.get("participationId")
        if step["type"] == "SELECTED":
            turns = fill.turns()
            assert [turn[0] for turn in turns].count("PROMOTED") == step["winners"]
            told = [
                ("PASSED", one["participationId"], one.get("prize", ""))
                for one in steps
                if one["n"] < step["n"] and one["type"] == "PASSED"
            ]
            assert [turn for turn in turns if turn[0] == "PASSED"] == told
            assert sum(fill.size[one] for one in fill.held) == step["places"]
            alternates = fill.rules["alternateCount"]
            fill.end = fill.end if alternates is None else min(fill.end, fill.reached[""] + alternates)
        elif step["type"] in {"DECLINED", "EXPIRED", "REQUEUED"}:
            assert due == []
            del fill.held[who]
            fill.requeued += [who] if step["type"] == "REQUEUED" else []
            due = fill.turns()
        elif step["type"] in {"PASSED", "PROMOTED"}:
            assert due.pop(0) == (step["type"], who, step.get("prize", ""))
    assert due == []
    assert check_draw(file).statement.holding == len(fill.held)


def test_the_published_example_of_the_document_is_proved() -> None:
    assert check_draw(FILE).is_proved
    assert check_draw(PRIZES).is_proved
    assert DrawDocument.model_validate(DOCUMENT).as_json() == DOCUMENT
    assert {step["type"] for step in STEPS} >= {"LEFT", "PASSED", "PROMOTED", "REQUEUED", "EXPIRED", "DECLINED"}


def test_the_receipt_of_the_document_is_of_its_file() -> None:
    findings = check_receipt(Receipt.from_json(VECTORS["receipt"]), FILE, plain_signature)
    assert is_proved(findings)
    assert named(section(20)) == checks(findings)


def plain_signature(signed: str) -> str | None:
    """What is wrong with a signed tree head, as section 20 describes it."""
    said, _, signature = signed.rpartition(".")
    header = json.loads(plain_bytes(said.partition(".")[0]))
    (key,) = [one for one in VECTORS["keySet"]["keys"] if one["kid"] == header["kid"]]
    Ed25519PublicKey.from_public_bytes(plain_bytes(key["x"])).verify(plain_bytes(signature), said.encode())
    return None if (header["typ"], header["alg"]) == ("tree-head+jwt", "EdDSA") else "typ or alg"


def plain_bytes(text: str) -> bytes:
    """What base64url without padding holds."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


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
