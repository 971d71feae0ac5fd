"""Hosts of their own for a test: network namespaces on a bridge. Each can be cut off like a machine whose cable is pulled."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

MISSING = "two hosts are not tested here, because network namespaces need root and iproute2 (apt-get install iproute2)"


@dataclass(frozen=True, slots=True)
class Host:
    """A namespace with one address. `cable` is its end on the bridge."""

    name: str
    address: str
    cable: str

    def command(self, words: Sequence[str]) -> list[str]:
        """The command that runs these words on this host."""
        return [_ip(), "netns", "exec", self.name, *words]

    def cut_off(self) -> None:
        """From now on nothing gets in or out, and nobody is told."""
        _run("link", "set", self.cable, "down")

    def join_again(self) -> None:
        """Everything gets through again."""
        _run("link", "set", self.cable, "up")


@dataclass(frozen=True, slots=True)
class Network:
    """What the hosts share: `outside` is the address of this machine in it."""

    outside: str
    hosts: Sequence[Host]


@contextmanager
def network(count: int) -> Iterator[Network]:
    """A network with so many hosts. Skips the test where none can be made, and says why."""
    number = _free_number()
    bridge, outside = f"drum{number}", f"10.203.{number}.1"
    with ExitStack() as made:
        try:
            _made(made, ("link", "add", bridge, "type", "bridge"), ("link", "del", bridge))
        except (OSError, subprocess.CalledProcessError):
            pytest.skip(MISSING)
        _run("addr", "add", f"{outside}/24", "dev", bridge)
        _run("link", "set", bridge, "up")
        yield Network(outside, [_host(made, bridge, number, 2 + at) for at in range(count)])


def _host(made: ExitStack, bridge: str, number: int, last: int) -> Host:
    host = Host(f"{bridge}-{last}", f"10.203.{number}.{last}", f"{bridge}c{last}")
    _made(made, ("netns", "add", host.name), ("netns", "del", host.name))
    _made(
        made,
        ("link", "add", host.cable, "type", "veth", "peer", "name", "eth0", "netns", host.name),
        ("link", "del", host.cable),
    )
    _run("link", "set", host.cable, "master", bridge, "up")
    for words in (
        ("addr", "add", f"{host.address}/24", "dev", "eth0"),
        ("link", "set", "eth0", "up"),
        ("link", "set", "lo", "up"),
    ):
        _run("-n", host.name, *words)
    return host


def _free_number() -> int:
    """A number that no bridge here has: two runs of the tests do not meet."""
    first = os.getpid()
    return next(n % 250 for n in range(first, first + 250) if not Path(f"/sys/class/net/drum{n % 250}").exists())


def _made(made: ExitStack, make: Sequence[str], remove: Sequence[str]) -> None:
    _run(*make)
    made.callback(_run, *remove)


def _run(*words: str) -> None:
    subprocess.run([_ip(), *words], check=True, capture_output=True)


def _ip() -> str:
    return shutil.which("ip") or "/usr/sbin/ip"
