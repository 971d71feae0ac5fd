"""Redis for one machine: the doorbell, as a child of this process."""

import secrets
import shutil
import signal
from collections.abc import Collection
from pathlib import Path

import redis

from runtime.embedded.binaries import redis_program
from runtime.embedded.child import Child
from runtime.embedded.cluster import write_private
from runtime.embedded.leftover import end_leftover
from runtime.embedded.ports import remembered_port
from runtime.embedded.state import Claim, prepare_state_folder
from runtime.embedded.user import server_user

_START_SECONDS = 20.0
_ENDING = ((signal.SIGTERM, 10.0),)


class EmbeddedRedis:
    """A private Redis on 127.0.0.1 that keeps its data in ``state/redis`` and dies with this process.

    It never evicts, and writes its log every second as a convenience: nothing in it matters. Errors are
    EmbeddedServerError.
    """

    def __init__(self, state: Path, cores: Collection[int] = ()) -> None:
        """Start nothing yet; `state` is a folder of ours, or will be created. It keeps to these cores; none named: any."""
        self._folder = state.absolute() / "redis"
        self._data = self._folder / "data"
        self._user = server_user()
        self._claim = Claim(self._folder)
        self._child = Child("Redis", self._folder, self._user, signal.SIGTERM, cores)
        self._port = 0

    @property
    def url(self) -> str:
        """The ``redis://`` URL of database 0, with its password, valid once started."""
        return f"redis://:{self._password()}@127.0.0.1:{self._port}/0"

    @property
    def pid(self) -> int | None:
        """The server's process id; None when it is not running."""
        return self._child.pid

    def start(self) -> None:
        """Start the server and return when it answers."""
        prepare_state_folder(self._folder.parent, self._user)
        prepare_state_folder(self._folder, self._user)
        self._claim.take()
        try:
            self._end_leftover()
            self._prepare_data()
            self._port = remembered_port(self._folder / "port")
            self._serve()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the server."""
        self._child.end(_ENDING)
        self._claim.release()

    def restart(self, *, immediate: bool = False) -> None:
        """Stop and start on the same port; `immediate` kills it, which may cost its last second."""
        self._child.end([(signal.SIGKILL, 10.0)] if immediate else _ENDING)
        self._end_leftover()
        self._serve()

    def _serve(self) -> None:
        if self._try_to_serve():
            return
        # A log of another version or a torn one: begun afresh, because nothing in Redis matters.
        shutil.rmtree(self._data)
        self._prepare_data()
        if not self._try_to_serve():
            raise self._child.failure("Redis did not start")

    def _try_to_serve(self) -> bool:
        configuration = self._configure()
        self._child.start(redis_program(self._folder, self._user), configuration)
        with redis.Redis.from_url(self.url, socket_connect_timeout=1, socket_timeout=1) as client:
            return self._child.wait_until(lambda: _answers(client), _START_SECONDS)

    def _configure(self) -> Path:
        configuration = self._folder / "redis.conf"
        lines = (
            "bind 127.0.0.1",
            f"port {self._port}",
            f"requirepass {self._password()}",
            "daemonize no",
            "maxmemory-policy noeviction",
            "appendonly yes",
            "appendfsync everysec",
            'save ""',
            f'dir "{self._data}"',
            f'pidfile "{self._data / "redis.pid"}"',
        )
        write_private(configuration, "\n".join(lines) + "\n")
        self._user.take(configuration)
        return configuration

    def _prepare_data(self) -> None:
        if not self._data.exists():
            self._data.mkdir(mode=0o700)
            self._user.take(self._data)

    def _password(self) -> str:
        kept = self._folder / "password"
        if not kept.exists():
            write_private(kept, secrets.token_hex(24))
        return kept.read_text()

    def _end_leftover(self) -> None:
        end_leftover(self._data / "redis.pid", (signal.SIGTERM, signal.SIGKILL))


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
