"""Where a command that is typed beside an installation finds it."""

import os
from pathlib import Path

import pytest

from cli.reach import reach
from cli.system.state import Running, StateFolder

OWNER, REDIS = "postgresql://owner@127.0.0.1:5432/kept", "redis://127.0.0.1:6379/0"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StateFolder:
    """The state folder that a command looks into; what is set in its shell is meant for something else."""
    for name in ("MAINTENANCE_DATABASE_URL", "DATABASE_URL", "ROLE_SECRET"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DRUMROLL_STATE", str(tmp_path))
    monkeypatch.setenv("BROKER_URL", "amqp://of-something-else:5672")
    monkeypatch.setenv("REDIS_URL", "redis://of-something-else:6379")
    return StateFolder(tmp_path)


@pytest.mark.parametrize("bell", ["amqp://ringer@127.0.0.1:5672/bell", REDIS])
def test_the_bell_of_what_runs_is_rung_whatever_is_set_beside_it(folder: StateFolder, bell: str) -> None:
    Running("", OWNER, REDIS, os.getpid(), bell).keep_in(folder)
    assert (reach().redis_url, reach().bell_url) == (REDIS, bell)


def test_what_an_older_version_wrote_down_is_found(folder: StateFolder) -> None:
    folder.write("running.json", {"url": "", "owner_url": OWNER, "redis_url": REDIS, "pid": os.getpid()})
    assert (reach().redis_url, reach().bell_url) == (REDIS, REDIS)


def test_an_installation_that_the_environment_names_goes_before_one_that_runs(
    folder: StateFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    Running("", OWNER, REDIS, os.getpid(), REDIS).keep_in(folder)
    monkeypatch.setenv("MAINTENANCE_DATABASE_URL", OWNER)
    assert reach().bell_url == "amqp://of-something-else:5672"
    monkeypatch.setenv("BROKER_URL", "")
    assert reach().bell_url == "redis://of-something-else:6379"
