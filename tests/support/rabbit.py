"""A RabbitMQ node of a test's own: its port, cookie, node name and epmd are nobody else's, and it goes with the test."""

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pika
import pytest
from pika.exceptions import AMQPConnectionError, AMQPError

from cli.system.ports import free_ports
from runtime.embedded.child import Child
from runtime.embedded.state import prepare_state_folder
from runtime.embedded.user import server_user
from tests.support.servers import temporary_state, wait_until

PROGRAMS = Path("/usr/lib/rabbitmq/bin")
MISSING = "RabbitMQ is not tested here, because rabbitmq-server is missing: apt-get install rabbitmq-server"
START_SECONDS, TALK_SECONDS = 60.0, 10.0
# One scheduler thread that does not spin is enough for rings, and leaves the machine to what is tested.
_ERLANG = "+S 1:1 +A 4 +sbwt none +sbwtdcpu none +sbwtdio none -start_epmd false"


def program(name: str) -> str | None:
    """Where a program of RabbitMQ is; in Debian beside the wrappers, which run as one certain user only."""
    return shutil.which(name, path=str(PROGRAMS)) or shutil.which(name)


class Rabbit:
    """A node that may be killed, frozen, alarmed and emptied."""

    def __init__(self, state: Path) -> None:
        self._folder, self._user = state / "rabbitmq", server_user()
        self._home = self._folder / "home"
        self._epmd = Child("epmd", state / "epmd", self._user, signal.SIGKILL, ())
        self._child = Child("RabbitMQ", self._folder, self._user, signal.SIGKILL, ())
        self._port, self._epmd_port, self._distribution = free_ports(0, 3)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"amqp://guest:guest@127.0.0.1:{self._port}/%2F"

    def start(self) -> None:
        """Start it, or start it again on what it kept; return when it can be talked to."""
        for folder in (self._folder.parent, self._folder, self._folder.parent / "epmd"):
            prepare_state_folder(folder, self._user)
        if not self._home.exists():
            self._home.mkdir(mode=0o700)
            self._user.take(self._home)
        if self._epmd.pid is None:
            self._epmd.start(str(shutil.which("epmd")), "-port", str(self._epmd_port), "-address", "127.0.0.1")
            wait_until(lambda: _listens(self._epmd_port))
        self._child.start("/usr/bin/env", *self._environment(), str(program("rabbitmq-server")))
        assert self._child.wait_until(self.answers, START_SECONDS), "\n".join(self._child.log_tail())

    def kill(self) -> None:
        """End it as the kernel would."""
        self._signal(signal.SIGKILL)
        wait_until(lambda: self._child.pid is None)

    def freeze(self) -> None:
        """Let it do nothing, with all its connections open; return when none of its threads does, because kill does not wait."""
        self._signal(signal.SIGSTOP)
        wait_until(self._stands_still)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def alarm(self, *, on: bool) -> None:
        """Let it think that memory is scarce, so that it takes no messages; or no longer."""
        self._control("set_vm_memory_high_watermark", "0" if on else "0.8")

    def stop(self) -> None:
        """End both."""
        for child in (self._child, self._epmd):
            child.end([])

    def answers(self) -> bool:
        """Whether a client can talk to it."""
        try:
            with self.talking():
                return True
        except (AMQPError, OSError):
            return False

    @contextmanager
    def talking(self) -> Iterator[pika.adapters.blocking_connection.BlockingChannel]:
        """A channel to it, behind the system's back. AMQPError when it takes too long, because pika would wait for ever."""
        parameters = pika.URLParameters(self.url)
        parameters.socket_timeout = parameters.stack_timeout = 2
        with pika.BlockingConnection(parameters) as connection:
            inside = connection._impl
            inside.ioloop.call_later(TALK_SECONDS, partial(inside._terminate_stream, AMQPConnectionError("no answer")))
            yield connection.channel()

    def _control(self, *words: str) -> None:
        command = ["/usr/bin/env", *self._environment(), str(program("rabbitmqctl")), *words]
        ids = {"user": self._user.uid, "group": self._user.gid, "extra_groups": []} if os.geteuid() == 0 else {}
        subprocess.run(command, cwd=self._home, check=True, capture_output=True, timeout=60, **ids)

    def _environment(self) -> list[str]:
        settings = {
            "HOME": self._home, "RABBITMQ_NODENAME": f"rabbit-{self._port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1", "RABBITMQ_NODE_PORT": self._port,
            "RABBITMQ_DIST_PORT": self._distribution, "ERL_EPMD_PORT": self._epmd_port, "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_MNESIA_BASE": self._home / "mnesia", "RABBITMQ_LOGS": "-", "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_ENABLED_PLUGINS_FILE": self._home / "plugins", "RABBITMQ_LOG_BASE": self._home / "log",
            "RABBITMQ_CONFIG_FILE": self._home / "conf", "RABBITMQ_GENERATED_CONFIG_DIR": self._home / "made",
            "RABBITMQ_PID_FILE": self._home / "pid", "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": _ERLANG,
            "ERL_CRASH_DUMP": "/dev/null",
            "RUNNING_UNDER_SYSTEMD": 1,  # because then the node takes the place of the shell that starts it
        }  # fmt: skip
        return [f"{name}={value}" for name, value in settings.items()]

    def _stands_still(self) -> bool:
        threads = Path(f"/proc/{self._child.pid}/task").glob("*/stat")
        return all(thread.read_text().rpartition(")")[2].split()[0] == "T" for thread in threads)

    def _signal(self, number: signal.Signals) -> None:
        assert self._child.pid is not None
        os.kill(self._child.pid, number)


@contextmanager
def running_rabbit() -> Iterator[Rabbit]:
    """A node for the length of a block. Skips the test where there is no RabbitMQ, and says how to get one."""
    if program("rabbitmq-server") is None or shutil.which("epmd") is None:
        pytest.skip(MISSING)
    with temporary_state() as state:
        node = Rabbit(state)
        try:
            node.start()
            yield node
        finally:
            node.stop()


def _listens(port: int) -> bool:
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) == 0
