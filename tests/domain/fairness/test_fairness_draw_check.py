"""Whoever touches the entries or the rules of a published draw is found out, and told where."""

from typing import Any
from uuid import UUID

import pytest

from domain.fairness import leaf_hash, root_of, rules_hash
from domain.fairness.draws import check_draw, leaf_of
from tests.support.draw_proofs import Lines
from tests.support.draw_tampering import HONEST, Tamper, failing, first_of, forged, tampered


def test_the_honest_file_holds() -> None:
    assert failing(HONEST) == {}
    assert check_draw(iter(HONEST)).is_proved


def drop_entry(lines: Lines) -> None:
    """Leave an entry out."""
    del lines[11]


def drop_entry_and_renumber(lines: Lines) -> None:
    """Leave the last leaf out, as if it had never been."""
    leaves = sum("leaf" in line for line in lines)
    del lines[leaves]
    lines[-1]["end"]["leaves"] = leaves - 1


def add_entry(lines: Lines) -> None:
    """Slip an entry in behind the last."""
    leaves = sum("leaf" in line for line in lines)
    extra = lines[1] | {"index": leaves, "number": 32, "ticket": 67, "participationId": str(UUID(int=5))}
    lines.insert(leaves + 1, extra)
    lines[-1]["end"]["leaves"] = leaves + 1


def change_weight(lines: Lines) -> None:
    """Give an entry one ticket more."""
    lines[6]["tickets"] += 1


def change_people(lines: Lines) -> None:
    """Let a group be larger."""
    lines[6]["people"] += 1


def change_card(lines: Lines) -> None:
    """Let somebody be nobody's duplicate."""
    lines[2]["duplicateKey"] = None


def deny_instead(lines: Lines) -> None:
    """Say that somebody who left was denied."""
    at = next(at for at, line in enumerate(lines) if line.get("leaf") == "leave")
    lines[at]["leaf"] = "deny"


def change_number(lines: Lines) -> None:
    """Give an entry another number."""
    lines[6]["number"] += 1


def enter_twice(lines: Lines) -> None:
    """Give two entries to one participation."""
    lines[5]["participationId"] = lines[4]["participationId"]


def leave_twice(lines: Lines) -> None:
    """Let somebody leave who was denied."""
    out = [at for at, line in enumerate(lines) if line.get("leaf") in {"leave", "deny"}]
    lines[out[1]]["participationId"] = lines[out[0]]["participationId"]


def too_many_tickets(lines: Lines) -> None:
    """Allow fewer tickets than somebody has."""
    lines[0]["rules"]["maxTicketsPerEntry"] = 2


def too_many_people(lines: Lines) -> None:
    """Allow fewer people than somebody brings."""
    lines[0]["rules"]["maxPeoplePerEntry"] = 2


@pytest.mark.parametrize(
    ("tamper", "found", "leaf", "said"),
    [
        (drop_entry, {"leaves", "count", "tickets", "logSize", "treeHead", "end"}, 10, "says that it is leaf 11"),
        (drop_entry_and_renumber, {"count", "tickets", "logSize", "treeHead"}, None, ""),
        (add_entry, {"count", "tickets", "logSize", "treeHead"}, None, ""),
        (change_weight, {"leaves", "tickets", "treeHead"}, 6, "first ticket of entry 6 must be"),
        (change_people, {"treeHead"}, None, ""),
        (change_card, {"treeHead"}, None, ""),
        (deny_instead, {"treeHead"}, None, ""),
        (change_number, {"leaves", "treeHead"}, 5, "must be entry 5, but says 6"),
        (enter_twice, {"leaves", "treeHead"}, 4, "entered already, as entry 3"),
        (leave_twice, {"leaves", "treeHead"}, 32, "is out already"),
        (too_many_tickets, {"rules", "leaves"}, 2, "3 tickets, more than the rules allow"),
        (too_many_people, {"rules", "leaves"}, 0, "4 people, more than the rules allow"),
    ],
)
def test_changed_entries_are_named(tamper: Tamper, found: set[str], leaf: int | None, said: str) -> None:
    faults = failing(tampered(tamper))
    assert set(faults) - {"outcome"} == found
    if leaf is not None:
        assert faults["leaves"].leaf == leaf
        assert said in faults["leaves"].text


def test_entries_changed_together_with_their_tree_head_give_another_draw() -> None:
    def exchange(lines: Lines) -> None:
        lines[5]["participationId"], lines[6]["participationId"] = (lines[at]["participationId"] for at in (6, 5))
        head = root_of(leaf_hash(leaf_of(line).leaf()) for line in lines if "leaf" in line).hex()
        lines[0]["treeHead"] = lines[first_of("SEALED", lines)]["step"]["treeHead"] = head

    assert set(failing(forged(exchange))) == {"seed", "outcome"}


@pytest.mark.parametrize(
    "rule",
    [{"winnerCount": 7}, {"alternateCount": 3}, {"backfill": False}, {"onExpiry": "deny"}, {"requeueLimit": 2}],
)
def test_changed_rules_are_named(rule: dict[str, Any]) -> None:
    def change(lines: Lines) -> None:
        lines[0]["rules"] |= rule

    def change_and_commit(lines: Lines) -> None:
        change(lines)
        lines[0]["rulesHash"] = rules_hash(lines[0]["rules"]).hex()

    assert "rules" in failing(tampered(change))
    assert "seed" in failing(tampered(change_and_commit))


def test_another_secret_is_named() -> None:
    def exchange(lines: Lines) -> None:
        lines[0]["serverSeed"] = "ab" * 32

    assert {"commitment", "seed"} <= set(failing(tampered(exchange)))
