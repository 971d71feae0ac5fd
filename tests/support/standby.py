"""A primary with a streaming standby, which may be promoted when the primary is killed."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from cli.system.servers import in_database
from runtime.embedded import EmbeddedPostgres
from runtime.embedded.cluster import write_private
from runtime.embedded.state import prepare_state_folder
from tests.support.servers import query, temporary_state, wait_until


class Standby(EmbeddedPostgres):
    """What `pg_basebackup -R` makes of a primary: the same data, kept up to date over the network, for reading."""

    def follow(self, primary: EmbeddedPostgres, name: str) -> None:
        """Copy the primary and follow it; return when this can be read."""
        prepare_state_folder(self._folder.parent, self._user)
        prepare_state_folder(self._folder, self._user)
        self._cluster.data.mkdir(mode=0o700)
        self._user.take(self._cluster.data)
        parts = urlsplit(primary.url)
        source = f"host=127.0.0.1 port={parts.port} user=postgres password={parts.password} application_name={name}"
        words = ("-D", self._cluster.data, "-d", source, "-R", "-X", "stream", "-c", "fast", "--no-sync")
        self._child.run(self._programs() / "pg_basebackup", *words)
        write_private(self._folder / "password", parts.password or "")
        self.start()

    def promote(self) -> None:
        """Make it the primary; return when it takes writes."""
        query(self.url, "SELECT pg_promote()")

    def goes_deaf(self) -> None:
        """Let it hear nothing of the primary any more, though it stays up."""
        query(self.url, "ALTER SYSTEM SET primary_conninfo = ''")
        query(self.url, "SELECT pg_reload_conf()")
        wait_until(lambda: query(self.url, "SELECT count(*) FROM pg_stat_wal_receiver") == [(0,)])

    def _is_ready(self) -> bool:
        pid_file = self._cluster.data / "postmaster.pid"
        lines = pid_file.read_text().splitlines() if pid_file.exists() else []
        return len(lines) > 7 and lines[0] == str(self._child.pid) and lines[7].strip() in {"ready", "standby"}


class Pair:
    """A primary and its standby. `keeps` says whether a commit is confirmed only when the standby has it as well."""

    def __init__(self, state: Path, *, keeps: bool) -> None:
        self.primary, self.standby = EmbeddedPostgres(state / "first"), Standby(state / "second")
        self._keeps = keeps

    @property
    def url(self) -> str:
        """The database `drumroll`, wherever it takes writes."""
        first, second = (urlsplit(server.url) for server in (self.primary, self.standby))
        place = f"127.0.0.1:{first.port},127.0.0.1:{second.port}"
        netloc = f"postgres:{first.password}@{place}"
        return first._replace(netloc=netloc, path="/drumroll", query="target_session_attrs=read-write").geturl()

    @property
    def standby_url(self) -> str:
        """The same database as the standby has it."""
        return in_database(self.standby.url, "drumroll")

    def start(self) -> None:
        """Start both; return when the standby follows."""
        self.primary.start()
        self.standby.follow(self.primary, "second")
        if self._keeps:
            query(self.primary.url, "ALTER SYSTEM SET synchronous_standby_names = 'second'")
            query(self.primary.url, "SELECT pg_reload_conf()")
        state = ("sync" if self._keeps else "async",)
        wait_until(lambda: query(self.primary.url, "SELECT sync_state FROM pg_stat_replication") == [state])

    def fail_over(self) -> None:
        """Kill the primary as a machine dies, and promote the standby."""
        assert self.primary.pid is not None
        os.kill(self.primary.pid, signal.SIGKILL)
        wait_until(lambda: self.primary.pid is None)
        self.standby.promote()

    def stop(self) -> None:
        """End both."""
        self.standby.stop()
        self.primary.stop()


@contextmanager
def running_pair(*, keeps: bool) -> Iterator[Pair]:
    """A primary and a standby for the length of a block."""
    with temporary_state() as state:
        pair = Pair(state, keeps=keeps)
        try:
            pair.start()
            yield pair
        finally:
            pair.stop()
