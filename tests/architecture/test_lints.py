"""The lints that look for holes (flake8-bandit, `S` in ruff) are on, and each exception says why it is none."""

import re
from collections.abc import Iterator

from tests.architecture.sources import PACKAGES, PROJECT, ROOT, modules, place

LINT = PROJECT["tool"]["ruff"]["lint"]
EXCEPTION = re.compile(r"#\s*noqa(?::\s*(?P<codes>[A-Z0-9, ]+?))?\s*(?P<reason>[(-].{6,})?$")
HOLE = re.compile(r"\bS\d{3}\b")
MAY = {
    "S101": 29, "S105": 3, "S108": 1, "S310": 2, "S603": 6, "S606": 2, "S608": 13,
}  # fmt: skip
"""How often each is passed over in what is shipped: one more is a decision, made here."""


def exceptions() -> Iterator[tuple[str, str, str | None]]:
    """Where a lint for holes is passed over, which, and why."""
    for path in modules(*PACKAGES, "bench"):
        for number, line in enumerate(path.read_text().splitlines(), start=1):
            found = EXCEPTION.search(line)
            if found is None:
                continue
            for code in HOLE.findall(found["codes"] or "S000"):
                yield place(path, number), code, found["reason"]


def test_no_hole_is_passed_over_without_a_reason() -> None:
    assert [where for where, _, reason in exceptions() if not reason] == []


def test_no_more_are_passed_over_than_were_looked_at() -> None:
    codes = [code for where, code, _ in exceptions() if not where.startswith("bench")]
    assert {code: codes.count(code) for code in codes if codes.count(code) > MAY.get(code, 0)} == {}


def test_no_lint_for_holes_is_off_but_where_it_can_find_none() -> None:
    assert LINT["select"] == ["ALL"]
    assert [code for code in LINT["ignore"] if code.startswith("S")] == []
    off = {where: {code for code in codes if HOLE.match(code)} for where, codes in LINT["per-file-ignores"].items()}
    assert {where: codes for where, codes in off.items() if codes} == {
        "tests/**": {"S101", "S105", "S106", "S311", "S603", "S607"}, "bench/**": {"S311", "S603", "S607"},
        "cli/crowd/**": {"S311"},
    }  # fmt: skip


def test_every_lint_that_is_off_says_why() -> None:
    section = (
        (ROOT / "pyproject.toml")
        .read_text()
        .partition("[tool.ruff.lint]")[2]
        .partition("[tool.ruff.lint.flake8-tidy")[0]
    )
    codes = [line for line in section.splitlines() if re.match(r'\s+"[A-Z]+\d', line)]
    assert [line for line in codes if "# because" not in line] == []
    assert len(codes) > 20
