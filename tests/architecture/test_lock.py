"""The lock pins everything, by content, and says nothing about where it comes from."""

import re

import pytest
from packaging.requirements import Requirement

from tests.architecture.sources import PROJECT, ROOT

LOCK = (ROOT / "requirements.lock").read_text()
PINS = [line.replace("\\", "") for line in LOCK.replace("\\\n", " ").splitlines() if line.strip()]
WANTED = [*PROJECT["project"]["dependencies"], *PROJECT["project"]["optional-dependencies"]["dev"]]


def pinned() -> dict[str, str]:
    """The version of every locked package."""
    requirements = [Requirement(pin.partition(" --hash=")[0]) for pin in PINS]
    return {requirement.name: str(requirement.specifier).removeprefix("==") for requirement in requirements}


def test_every_line_pins_a_version_with_hashes() -> None:
    pin = re.compile(r"[a-z0-9.-]+==[\w.+!-]+( ; [^\\]+?)?(\s+--hash=sha256:[0-9a-f]{64})+\s*")
    assert [line for line in PINS if not pin.fullmatch(line)] == []


def test_the_lock_names_no_address() -> None:
    assert re.findall(r"\S*(?:://|--\w*-?index|--find-links|file:)\S*", LOCK) == []


@pytest.mark.parametrize("wanted", WANTED)
def test_the_lock_answers_what_the_project_asks_for(wanted: str) -> None:
    requirement = Requirement(wanted)
    assert requirement.specifier.contains(pinned()[requirement.name])
