"""Commands, settings, metrics, events, roles and processes are called in the documents as they are called in the code."""

import ast
import re
from pathlib import Path

import pytest
import typer

from cli.main import app
from cli.processes import PROCESSES
from runtime.settings import Settings
from store.roles import ROLES
from tests.architecture.sources import modules, tree
from tests.docs.documents import CHANGELOG, DOCUMENTS, OPERATIONS, ROOT, name, shell, spans

CODE = "\n".join(path.read_text() for path in sorted(ROOT.glob("[acdrsw]*/**/*.py")))
METRICS = set(re.findall(r'(?:Counter|Gauge|Histogram)\(\s*"(drumroll_\w+)"', CODE))
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
EVENT = re.compile(r"[a-z_]+\.(?!conf$|lock$)[a-z_]+")
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
TYPED = re.compile(r"(?:^|\s|bin/)drumroll ([a-z-][^|#]*)")
ELSEWHERE = {"ROLE_SECRET", "DRUMROLL_STATE", "OWNER_URL"}
SETTINGS = {field.upper() for field in Settings.model_fields} | ELSEWHERE


def unknown_command(line: str) -> bool:
    """Whether a line types a command of `drumroll` that does not exist."""
    known = typer.main.get_command(app)
    for word in line.split():
        commands = getattr(known, "commands", None)
        if commands is None or not re.fullmatch(r"[a-z-]+", word) or word.startswith("-"):
            return False
        if word not in commands:
            return True
        known = commands[word]
    return False


def logged() -> set[str]:
    """The events that the project writes into its logs."""
    calls = [node for path in modules() for node in ast.walk(tree(path)) if isinstance(node, ast.Call) and node.args]
    return {
        call.args[0].value
        for call in calls
        if isinstance(call.func, ast.Attribute) and call.func.attr in LEVELS
        if isinstance(call.args[0], ast.Constant) and isinstance(call.args[0].value, str)
    }


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_every_command_that_is_typed_exists(document: Path) -> None:
    typed = [found for line in shell(document) for found in TYPED.findall(line)]
    assert [line for line in typed if unknown_command(line)] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_every_target_of_make_exists(document: Path) -> None:
    assert {found for line in shell(document) for found in re.findall(r"^make ([a-z]+)", line)} <= TARGETS


def test_every_setting_is_explained_and_no_other() -> None:
    named = {span for span in spans(OPERATIONS) if re.fullmatch(r"[A-Z]+(_[A-Z]+)+", span)}
    explained = set(
        re.findall(r"`([A-Z_]+)`", "".join(re.findall(r"^\| (`[A-Z].*?) \|", OPERATIONS.read_text(), re.MULTILINE)))
    )
    assert SETTINGS - explained == {"OWNER_URL"}
    assert {one for one in named - SETTINGS if f'"{one}"' not in CODE} == set()


def test_every_metric_is_explained_and_no_other() -> None:
    text = OPERATIONS.read_text()
    assert {found for found in re.findall(r"`(drumroll_\w+)`", text) if found not in ROLES} == METRICS


def test_every_event_that_is_explained_stands_in_a_log() -> None:
    told = {span for document in (OPERATIONS, CHANGELOG) for span in spans(document) if EVENT.fullmatch(span)}
    assert told - logged() == set()
    assert {"drain.broken", "preflight.warning"} <= told


def test_every_role_and_process_is_explained() -> None:
    assert {*ROLES, *PROCESSES} <= spans(OPERATIONS)
