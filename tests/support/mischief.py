"""Manipulations of a proof file at random: members, lines, steps and bytes, as an attacker or a bad disk would change them."""

import random
from copy import deepcopy
from typing import Any

from tests.support.draw_proofs import Lines
from tests.support.draw_records import rechained, record_of, whole_draw
from tests.support.draw_tampering import HONEST, PRIZED, forged, tampered
from tests.support.verifier_page import as_lines

Json = Any
RECORD = record_of(whole_draw())
_NOTHING = "0" * 64


def manipulated(dice: random.Random) -> bytes:
    """An honest file after one manipulation; of those of lines, half have the log's chain mended."""
    honest = dice.choice([HONEST, PRIZED])
    if dice.random() < 0.25:
        return flipped(as_lines(honest), dice)
    mend = forged if dice.random() < 0.5 else tampered
    change = dice.choice(
        [change_member, drop_member, add_member, drop_line, swap_lines, double_line, insert_step, cut_log]
    )
    return as_lines(mend(lambda lines: change(lines, dice), honest))


def manipulated_record(dice: random.Random) -> bytes:
    """The same of an honest log of all draws."""
    if dice.random() < 0.25:
        return flipped(as_lines(RECORD), dice)
    lines = deepcopy(RECORD)
    dice.choice([change_member, drop_member, add_member, drop_line, swap_lines, double_line])(lines, dice)
    return as_lines(rechained(lines) if dice.random() < 0.5 else lines)


def flipped(text: bytes, dice: random.Random) -> bytes:
    """One bit of it is another."""
    spoilt = bytearray(text)
    spoilt[dice.randrange(len(text))] ^= 1 << dice.randrange(8)
    return bytes(spoilt)


def change_member(lines: Lines, dice: random.Random) -> None:
    """Say something else in one place; hashes of steps are left to who mends them."""
    inner = _inner(dice.choice(lines))
    name = dice.choice([name for name in inner if name not in {"prevHash", "hash"}])
    inner[name] = _other(inner[name], dice)


def drop_member(lines: Lines, dice: random.Random) -> None:
    """Leave a member of a line after the first out."""
    inner = _inner(dice.choice(lines[1:]))
    del inner[dice.choice([name for name in inner if name not in {"n", "prevHash", "hash"}])]


def add_member(lines: Lines, dice: random.Random) -> None:
    """Say one thing more."""
    _inner(dice.choice(lines))["more"] = 1


def drop_line(lines: Lines, dice: random.Random) -> None:
    """Leave a line out."""
    lines.pop(dice.randrange(1, len(lines)))


def swap_lines(lines: Lines, dice: random.Random) -> None:
    """Let two lines change places."""
    one, other = dice.sample(range(1, len(lines) - 1), 2)
    lines[one], lines[other] = lines[other], lines[one]


def double_line(lines: Lines, dice: random.Random) -> None:
    """Say a line once more, somewhere."""
    lines.insert(dice.randrange(1, len(lines)), deepcopy(dice.choice(lines[1:])))


def insert_step(lines: Lines, dice: random.Random) -> None:
    """Claim a step that was none."""
    who = {"participationId": dice.choice([line["participationId"] for line in lines if line.get("leaf") == "enter"])}
    kind, members = dice.choice([
        ("LEFT", who), ("DENIED", who | {"reason": "x"}), ("DECLINED", who), ("EXPIRED", who), ("REQUEUED", who),
        ("PROMOTED", who | {"rank": dice.choice([None, 6, 7, 8])}), ("WAITING", {"reason": "x"}), ("COMPLETED_ALL", {}),
        ("RESCHEDULED", {"drawAt": "2025-11-21T19:00:00.000000Z", "beaconRound": 7}), ("VOID", {"reason": "x"}),
    ])  # fmt: skip
    step = {
        "n": 0,
        "at": "2025-11-21T18:00:00.000000Z",
        "type": kind,
        **members,
        "prevHash": _NOTHING,
        "hash": _NOTHING,
    }
    lines.insert(dice.choice(_steps(lines)) + 1, {"step": step})


def cut_log(lines: Lines, dice: random.Random) -> None:
    """Publish the first steps only."""
    del lines[dice.choice(_steps(lines)[:-1]) + 1 : -1]


def _steps(lines: Lines) -> list[int]:
    return [at for at, line in enumerate(lines) if "step" in line]


def _inner(line: dict[str, Json]) -> dict[str, Json]:
    inner: dict[str, Json] = line.get("step") or line.get("line") or line.get("end") or line
    return inner


def _other(value: Json, dice: random.Random) -> Json:
    match value:
        case bool():
            return not value
        case int():
            return dice.choice([value + 1, max(0, value - 1), -1, 1_001] if value else [1, -1])
        case str():
            at = dice.randrange(len(value))
            return dice.choice([value[:at] + dice.choice("0123456789abcdefZ-") + value[at + 1 :], value + "0", None])
        case dict() if value:
            name = dice.choice(list(value))
            return value | {name: _other(value[name], dice)}
        case _:
            return "x" if value is None else None
