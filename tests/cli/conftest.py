"""A whole installation for tests of the commands that are typed beside it."""

import re
from collections.abc import Callable, Iterator

import pytest
from typer.testing import CliRunner

from cli.installation import Installation, installation
from cli.main import app
from tests.support.servers import temporary_state
from tests.support.traces import at_work

OUTSIDE = ("DATABASE_URL", "REDIS_URL", "MAINTENANCE_DATABASE_URL", "ROLE_SECRET", "KEY_ENCRYPTION_KEY", "SMTP_URL")
Typed = Callable[..., str]


@pytest.fixture(scope="package")
def system() -> Iterator[Installation]:
    """An installation that the tests of this folder share. Whoever breaks a process mends it."""
    with temporary_state() as state:
        with installation(state, web=2) as running:
            yield running
        assert at_work(state) == []


@pytest.fixture
def typed(system: Installation) -> Typed:
    """What a command prints that is typed beside the installation; AssertionError unless it ends as expected."""

    def type_in(*words: str, status: int = 0) -> str:
        environment = dict.fromkeys(OUTSIDE) | {"DRUMROLL_STATE": str(system.state), "COLUMNS": "300"}
        result = CliRunner().invoke(app, list(words), env=environment)
        assert result.exit_code == status, result.output
        return re.sub(r"[ \t]+", " ", result.output)

    return type_in
