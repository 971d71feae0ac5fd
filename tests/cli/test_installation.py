"""A whole installation: it comes up, stays up, and goes without a trace."""

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from cli.errors import ObstacleError
from cli.installation import Installation, answers, installation
from cli.reach import reach
from cli.system.cores import available, shared_out
from cli.system.servers import in_database
from cli.system.shape import Shape
from store.reads import installation as reads
from store.roles import GATEWAY, ROLES
from tests.support.database import PASSWORDS
from tests.support.servers import query, temporary_state, wait_until
from tests.support.traces import at_work

FEW = {"web": 0, "people": 0, "admission": 0, "selection": 0, "administration": 0}


def everything(system: Installation) -> list[psutil.Process]:
    """All processes that an installation has started."""
    pids = [system.pid(name) for name in system.names]
    mine = [psutil.Process(pid) for pid in pids if pid is not None]
    return [one for process in mine for one in (process, *process.children(recursive=True))]


def test_each_process_of_the_procfile_runs_once_and_the_gateway_as_often_as_asked(system: Installation) -> None:
    assert system.names == ["web", "web.2", "admission", "selection", "people", "administration", "scheduler"]
    assert all(system.pid(name) for name in system.names)
    assert system.unready() == []
    assert all(answers(f"{url}/readyz") for url in system.urls)


def test_each_role_has_its_own_way_in(system: Installation) -> None:
    names = [query(system.role_url(role), "SELECT current_user") for role in ROLES]
    assert names == [[(role,)] for role in ROLES]


def test_no_process_holds_what_is_not_for_it(system: Installation) -> None:
    pids = {name: system.pid(name) for name in system.names}
    held = {name: psutil.Process(pid).environ() for name, pid in pids.items()}
    assert "KEY_ENCRYPTION_KEY" not in held["web"]
    assert system.secrets.key_encryption_key not in "".join(held["web"].values())
    assert "GATEWAY_SECRET" not in held["admission"]
    assert held["web.2"]["DATABASE_URL"] == system.role_url(GATEWAY)
    assert not any(system.secrets.role_secret in "".join(words.values()) for words in held.values())


@pytest.mark.parametrize("name", ["web", "people", "scheduler"])
def test_a_killed_process_is_started_again(system: Installation, name: str) -> None:
    before, restarts = system.pid(name), system.restarts()[name]
    system.kill(name)
    system.wait_ready(name)
    assert system.pid(name) != before
    assert system.restarts()[name] == restarts + 1


def test_a_worker_whose_child_is_killed_is_started_again(system: Installation) -> None:
    before = system.pid("people")
    (child,) = psutil.Process(before).children()
    child.kill()
    wait_until(lambda: system.pid("people") not in {None, before}, 15)
    system.wait_ready("people")


def test_a_frozen_process_goes_on_when_it_is_let(system: Installation) -> None:
    system.stop("web.2")
    wait_until(lambda: psutil.Process(system.pid("web.2")).status() == psutil.STATUS_STOPPED)
    system.cont("web.2")
    wait_until(lambda: answers(f"{system.urls[1]}/readyz"))


def test_a_process_that_was_let_go_stays_away_until_its_place_is_filled(system: Installation) -> None:
    system.let_go("scheduler")
    assert system.pid("scheduler") is None
    assert system.unready() == ["scheduler"]
    system.fill("scheduler")
    assert system.pid("scheduler")


@pytest.mark.parametrize("server", ["postgres", "redis"])
def test_a_killed_server_is_started_again(system: Installation, server: str) -> None:
    pid = getattr(system.servers, server).pid
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: getattr(system.servers, server).pid not in {None, pid}, 30)
    wait_until(lambda: all(answers(f"{url}/readyz") for url in system.urls), 30)


@pytest.fixture(scope="module")
def spare_state() -> Iterator[Path]:
    """A state folder for installations that come and go one after the other, so that the store is made once."""
    with temporary_state() as state:
        yield state


def test_a_second_run_finds_what_the_first_has_left_and_nothing_runs_between(spare_state: Path) -> None:
    with installation(spare_state, web=0, people=0, admission=0) as first:
        made = first.create_organization("Harbour Hall", "harbour-hall")
        processes = everything(first)
    assert [one for one in processes if one.is_running()] == []
    assert at_work(spare_state) == []
    with installation(spare_state, **FEW) as second, second.reach().store() as connection:
        assert [one.id for one in reads.organizations(connection)] == [made.id]


async def test_it_can_be_had_without_blocking_the_event_loop(spare_state: Path) -> None:
    async with installation(spare_state, **FEW) as system:
        assert system.names == ["scheduler"]
        assert system.unready() == []


def test_a_process_that_cannot_start_is_named_with_its_last_words_and_nothing_stays(spare_state: Path) -> None:
    with (
        pytest.raises(ObstacleError, match=r"(?s)people ended with status .*set WORKER_THREADS=8"),
        installation(spare_state, threads=1, **FEW | {"people": 1}),
    ):
        pass
    assert at_work(spare_state) == []
    with installation(spare_state, **FEW):
        pass


def test_another_key_encryption_key_is_refused(spare_state: Path) -> None:
    with installation(spare_state, **FEW):
        pass
    other = {"KEY_ENCRYPTION_KEY": "ab" * 32}
    with (
        pytest.raises(ObstacleError, match="sealed under another key-encryption key"),
        installation(spare_state, environment=other, **FEW),
    ):
        pass
    assert at_work(spare_state) == []


def test_existing_servers_are_used_and_left_running(
    spare_state: Path, postgres_server: str, redis_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = in_database(postgres_server, "of_somebody_else")
    settings = {"ROLE_SECRET": PASSWORDS.secret, "BROKER_URL": f"{redis_server}?client_name=bell"}
    shape = Shape(FEW, database_url=database, redis_url=redis_server, environment=settings)
    monkeypatch.setenv("DRUMROLL_STATE", str(spare_state))
    with Installation(spare_state, shape) as system:
        assert system.owner_url == database
        assert (reach().redis_url, reach().bell_url) == (redis_server, settings["BROKER_URL"])
        assert query(system.role_url(GATEWAY), "SELECT count(*) > 0 FROM log_partition") == [(True,)]
    assert query(postgres_server, "SELECT 1") == [(1,)]
    query(postgres_server, "DROP DATABASE of_somebody_else WITH (FORCE)")


@pytest.mark.parametrize(
    ("password", "port", "said"),
    [("guessed", None, "does not let postgres@127.0.0.1"), (None, 1, "cannot be reached at postgres@127.0.0.1:1/x")],
)
def test_a_store_that_is_not_to_be_had_is_named(
    spare_state: Path, postgres_server: str, password: str | None, port: int | None, said: str
) -> None:
    parts = urlsplit(postgres_server)
    place = f"postgres:{password or parts.password}@127.0.0.1:{port or parts.port}"
    shape = Shape(FEW, database_url=f"postgresql://{place}/x", redis_url="redis://127.0.0.1:1")
    with pytest.raises(ObstacleError, match=re.escape(said)), Installation(spare_state, shape):
        pass


def test_a_state_folder_in_use_is_refused_by_name(system: Installation) -> None:
    with (
        pytest.raises(ObstacleError, match=rf"Process {os.getpid()} already runs .* DRUMROLL_STATE"),
        installation(system.state),
    ):
        pass
    assert answers(f"{system.url}/readyz")
    assert system.folder.read("running.json")


def test_what_is_kept_is_kept_from_others(system: Installation) -> None:
    def mode(path: Path) -> int:
        return path.stat().st_mode & 0o777

    assert {mode(system.state / name) for name in ("secrets.json", "running.json")} == {0o600}
    assert mode(system.folder.logs) == 0o700
    assert {mode(log) for log in system.folder.logs.iterdir()} == {0o600}


def cores_of(pid: int | None) -> set[int]:
    """The cores on which any thread of a process, or of what it has started, may run."""
    family = (psutil.Process(pid), *psutil.Process(pid).children(recursive=True))
    return {core for one in family for thread in one.threads() for core in os.sched_getaffinity(thread.id)}


def test_a_gateway_has_a_core_to_itself_and_keeps_it_when_it_is_started_again() -> None:
    with temporary_state() as state, Installation(state, Shape(FEW | {"web": 1, "people": 1})) as system:
        own = shared_out(available(), 1)
        system.kill("web")
        system.wait_ready("web")
        system.restart("redis")
        servers = system.servers.postgres, system.servers.redis
        others = [system.pid("people"), *(server.pid for server in servers if server is not None)]
        assert cores_of(system.pid("web")) == (own.gateways[0] or available())
        assert [cores_of(pid) for pid in others] == [own.others or available()] * 3
