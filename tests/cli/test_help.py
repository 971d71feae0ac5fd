"""What `drumroll --help` tells, and what is said when something is missing."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from cli.processes import PROCESSES
from runtime.settings import Settings

ROOT = Path(__file__).parents[2]
GROUPS = {
    "See it": ["demo", "up", "crowd", "verify"],
    "Run each process on its own": ["migrate", "gateway", "worker", "scheduler", "settings"],
    "Look after it": ["organizations", "keys", "signing-keys", "dead", "migrations"],
}


def told(*words: str, **environment: str | None) -> str:
    """What a command prints, unwrapped."""
    result = CliRunner().invoke(app, list(words), env={"COLUMNS": "300", "TERM": "dumb", **environment})
    return re.sub(r"\s+", " ", result.output)


def test_help_tells_the_story_in_its_order() -> None:
    story = told("--help")
    order = [story.index(f"─ {title} ─") for title in GROUPS]
    order_of_commands = [story.index(f"│ {name} ") for names in GROUPS.values() for name in names]
    assert order == sorted(order)
    assert order_of_commands == sorted(order_of_commands)


@pytest.mark.parametrize("command", [name for names in GROUPS.values() for name in names])
def test_every_command_has_help(command: str) -> None:
    assert f"Usage: root {command}" in told(command, "--help")


def test_a_crowd_with_nowhere_to_go_is_told_how_to_get_there(tmp_path: Path) -> None:
    nowhere = {"DRUMROLL_STATE": str(tmp_path / "none"), "DRUMROLL_PUBLISHABLE_KEY": None, "DRUMROLL_SECRET_KEY": None}
    for words in (("crowd",), ("crowd", "--url", "http://127.0.0.1:9")):
        result = CliRunner().invoke(app, list(words), env=nowhere)
        assert result.exit_code == 2
        assert "drumroll up" in result.output
        assert "--publishable-key" in result.output
        assert "drumroll organizations create" in result.output


def test_a_state_folder_that_cannot_be_made_is_refused_in_a_sentence() -> None:
    result = CliRunner().invoke(app, ["up"], env={"DRUMROLL_STATE": "/proc/x", "DATABASE_URL": None, "REDIS_URL": None})
    assert result.exit_code == 2, result.output
    assert "/proc/x" in result.output
    assert "DRUMROLL_STATE" in result.output


def test_the_procfile_runs_every_process_and_nothing_else() -> None:
    lines = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines())
    assert lines.pop("release") == "drumroll migrate"
    assert lines.pop("web") == "drumroll gateway"
    assert lines.pop("scheduler") == "drumroll scheduler"
    assert lines == {name: f"drumroll worker {name}" for name in PROCESSES if name not in {"web", "scheduler"}}


def test_every_setting_is_shown_with_its_meaning() -> None:
    shown = told("settings")
    for name, field in Settings.model_fields.items():
        assert f"{name.upper()} " in shown
        assert str(field.description).split()[0] in shown


def test_the_environment_of_a_process_holds_its_role_and_no_more() -> None:
    given = {"DATABASE_URL": "postgresql://owner:pw@db:5432/x", "ROLE_SECRET": "s", "GATEWAY_SECRET": "g"}
    web = told("settings", "--of", "web", **given, KEY_ENCRYPTION_KEY="k")
    assert "postgresql://drumroll_gateway:" in web
    assert "GATEWAY_SECRET=g" in web
    assert "KEY_ENCRYPTION_KEY" not in web
    assert "owner" not in web


@pytest.mark.parametrize(
    ("words", "environment", "said"),
    [
        (("gateway",), {}, "needs DATABASE_URL and GATEWAY_SECRET"),
        (("worker", "people"), {"DATABASE_URL": "postgresql://w:p@127.0.0.1:1/x"}, "needs KEY_ENCRYPTION_KEY"),
        (("worker", "nobody"), {}, "There is no worker nobody"),
        (("migrate",), {}, "ROLE_SECRET is not set"),
        (("gateway",), {"PORT": "many"}, "PORT: Input should be a valid integer"),
        (
            ("worker", "people"),
            {"DATABASE_URL": "postgresql://w:p@127.0.0.1:1/x", "KEY_ENCRYPTION_KEY": "short"},
            "must be 32 bytes in hex",
        ),
    ],
)
def test_what_is_missing_is_said_with_what_to_do(
    words: tuple[str, ...], environment: dict[str, str], said: str
) -> None:
    missing = dict.fromkeys(("DATABASE_URL", "ROLE_SECRET", "GATEWAY_SECRET", "KEY_ENCRYPTION_KEY"))
    result = CliRunner().invoke(app, list(words), env={**missing, **environment})
    assert result.exit_code == 2
    assert said in re.sub(r"\s+", " ", result.output)


def test_without_an_installation_the_way_to_one_is_said(tmp_path: Path) -> None:
    said = told("organizations", "list", DRUMROLL_STATE=str(tmp_path), MAINTENANCE_DATABASE_URL=None, DATABASE_URL=None)
    assert "Start one with `drumroll up`" in said


def test_no_process_is_given_the_secrets_of_another() -> None:
    given = {"DATABASE_URL": "d", "MAINTENANCE_DATABASE_URL": "m", "ROLE_SECRET": "r", "GATEWAY_SECRET": "g"}
    given |= {"KEY_ENCRYPTION_KEY": "k", "SMTP_URL": "s", "LOG_LEVEL": "debug"}
    kept = {name: set(given) & set(process.environment(given, 8)) for name, process in PROCESSES.items()}
    everybody = {"DATABASE_URL", "LOG_LEVEL"}
    assert kept == {
        "web": everybody | {"GATEWAY_SECRET"},
        "admission": everybody | {"KEY_ENCRYPTION_KEY"},
        "selection": everybody | {"KEY_ENCRYPTION_KEY"},
        "people": everybody | {"KEY_ENCRYPTION_KEY"},
        "administration": everybody | {"KEY_ENCRYPTION_KEY"},
        "scheduler": everybody | {"MAINTENANCE_DATABASE_URL", "SMTP_URL"},
        "mail": everybody | {"SMTP_URL"},
    }
