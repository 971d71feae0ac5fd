"""What can go wrong: a registry of faults, each a function that makes it happen and returns when it is over."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from types import MappingProxyType

from runtime.embedded import EmbeddedServerError
from tests.chaos.storm.ground import GATEWAYS, PROCESSES, SCHEDULERS, WORKERS, Ground
from tests.chaos.storm.network import GROUPS, MAIL, Change
from tests.chaos.storm.plan import LONG_STOPS, Planned, Sort
from tests.support.caller import until
from tests.support.proxy import Proxy, never
from tests.support.receiver import TAKEN

Happens = Callable[[Ground, Planned], Awaitable[None]]
BACK_WITHIN = 20.0
MAILED = (5.0, 8.0)
"""Seconds in which a mail that is owed just then is sent."""
_REGISTER: dict[str, "Fault"] = {}


@dataclass(frozen=True, slots=True)
class Fault:
    """A sort of fault and how it is done."""

    sort: Sort
    happens: Happens


def fault(
    name: str, targets: tuple[str, ...], seconds: tuple[float, float] = (0.0, 0.0), *, long: bool = False
) -> Callable[[Happens], Happens]:
    """Enter a function into the registry."""

    def entered(happens: Happens) -> Happens:
        _REGISTER[name] = Fault(Sort(name, targets, *seconds, long), happens)
        return happens

    return entered


@fault("gateway killed", GATEWAYS)
@fault("worker killed", WORKERS)
@fault("scheduler killed", SCHEDULERS)
async def kill(ground: Ground, planned: Planned) -> None:
    """SIGKILL to a process; it is started again by whoever looks after it."""
    await until(lambda: ground.system.pid(planned.target) is not None, BACK_WITHIN)
    await asyncio.to_thread(ground.system.kill, planned.target)


@fault("process stopped", PROCESSES, (2.5, 4.0))
@fault("gateway stopped for long", GATEWAYS, LONG_STOPS, long=True)
@fault("worker stopped for long", WORKERS, LONG_STOPS, long=True)
@fault("scheduler stopped for long", SCHEDULERS, LONG_STOPS, long=True)
async def stop(ground: Ground, planned: Planned) -> None:
    """SIGSTOP for longer than a worker's open transaction may be idle (2 s), or than anything is held, then SIGCONT."""
    await until(lambda: ground.system.pid(planned.target) is not None, BACK_WITHIN)
    ground.system.stop(planned.target)
    try:
        await asyncio.sleep(planned.seconds)
    finally:
        ground.system.cont(planned.target)


@fault("process deployed", PROCESSES)
async def deploy(ground: Ground, planned: Planned) -> None:
    """SIGTERM, and a new process in its place."""
    await asyncio.to_thread(ground.system.restart, planned.target)


@fault("Redis flushed", ("redis",))
async def flush(ground: Ground, planned: Planned) -> None:
    """FLUSHALL: every ring, answer and counter is gone."""

    def flushed() -> None:
        with ground.bell() as bell:
            bell.flushall()

    await asyncio.to_thread(flushed)


@fault("Redis frozen", ("redis",), (0.5, 2.0))
async def freeze_redis(ground: Ground, planned: Planned) -> None:
    """SIGSTOP to Redis."""
    pid = await _server_pid(ground, "redis")
    _signalled(pid, signal.SIGSTOP)
    try:
        await asyncio.sleep(planned.seconds)
    finally:
        _signalled(pid, signal.SIGCONT)


@fault("Redis killed", ("redis",))
@fault("postmaster killed", ("postgres",))
async def kill_server(ground: Ground, planned: Planned) -> None:
    """SIGKILL to a server; whoever looks after the servers starts it again, which is when it is over."""
    pid = await _server_pid(ground, planned.target)
    _signalled(pid, signal.SIGKILL)
    await until(lambda: _pid(ground, planned.target) not in {None, pid}, BACK_WITHIN)


@fault("Postgres stopped at once", ("postgres",))
async def crash(ground: Ground, planned: Planned) -> None:
    """An immediate shutdown and a start with recovery."""
    with suppress(EmbeddedServerError):  # because another fault may kill it on its way up; then it is started again
        await asyncio.to_thread(ground.system.restart, planned.target, immediate=True)
    await _server_pid(ground, planned.target)


@fault("Postgres: ask cut", GROUPS, (0.3, 1.0))
@fault("Redis: ask cut", GROUPS, (0.3, 1.0))
@fault("SMTP: ask cut", (MAIL[0],), MAILED)
async def cut_asks(ground: Ground, planned: Planned) -> None:
    """Connections are cut before what was asked gets through."""
    dice = Random(planned.dice)

    def misses(ask: bytes) -> bool:
        return dice.random() < 0.3

    await _weather(ground, planned, lambda line: setattr(line, "misses", misses), _no_misses)


@fault("Postgres: answer cut", GROUPS, (0.3, 1.0))
@fault("Redis: answer cut", GROUPS, (0.3, 1.0))
async def cut_answers(ground: Ground, planned: Planned) -> None:
    """Connections are cut after the server has done what was asked, before its answer gets through: commits above all."""
    dice = Random(planned.dice)

    def loses(answer: bytes) -> bool:
        return dice.random() < (0.6 if b"COMMIT" in answer or b"INSERT 0 " in answer else 0.2)

    await _weather(ground, planned, lambda line: setattr(line, "loses", loses), _no_losses)


@fault("SMTP: answer cut", (MAIL[0],), MAILED)
async def cut_receipts(ground: Ground, planned: Planned) -> None:
    """Connections are cut after the mail server has answered: when it has taken a message above all."""
    dice, taken = Random(planned.dice), TAKEN.encode()

    def loses(answer: bytes) -> bool:
        return dice.random() < (0.8 if taken in answer else 0.05)

    await _weather(ground, planned, lambda line: setattr(line, "loses", loses), _no_losses)


@fault("Postgres: line slow", GROUPS, (1.0, 2.5))
@fault("Redis: line slow", GROUPS, (1.0, 2.5))
async def slow(ground: Ground, planned: Planned) -> None:
    """All that passes takes a tenth of a second longer."""
    await _weather(ground, planned, lambda line: setattr(line, "delay", 0.1), lambda line: setattr(line, "delay", 0.0))


@fault("Postgres: line frozen", GROUPS, (2.5, 3.5))
@fault("Redis: line frozen", GROUPS, (1.0, 3.0))
async def freeze_line(ground: Ground, planned: Planned) -> None:
    """Nothing passes and nobody hears of it, for longer than an open transaction may be idle."""
    await _weather(
        ground, planned, lambda line: setattr(line, "frozen", True), lambda line: setattr(line, "frozen", False)
    )


FAULTS: Mapping[str, Fault] = MappingProxyType(dict(sorted(_REGISTER.items())))
"""Every fault by its name."""
SORTS = tuple(fault.sort for fault in FAULTS.values())


async def _weather(ground: Ground, planned: Planned, begins: Change, ends: Change) -> None:
    server = planned.name.partition(":")[0].lower()
    ground.network.change(planned.target, server, begins)
    try:
        await asyncio.sleep(planned.seconds)
    finally:
        ground.network.change(planned.target, server, ends)


def _no_misses(line: Proxy) -> None:
    line.misses = never


def _no_losses(line: Proxy) -> None:
    line.loses = never


def _signalled(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):  # because another fault may have ended it meanwhile
        os.kill(pid, number)


def _pid(ground: Ground, name: str) -> int | None:
    server = getattr(ground.system.servers, name)
    pid: int | None = server.pid
    return pid


async def _server_pid(ground: Ground, name: str) -> int:
    await until(lambda: _pid(ground, name) is not None, BACK_WITHIN)
    pid = _pid(ground, name)
    assert pid is not None
    return pid
