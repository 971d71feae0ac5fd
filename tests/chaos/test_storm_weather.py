"""The weather of a storm does what it says: lines break where they are to break, and clocks are wrong where they may be."""

import asyncio
import smtplib
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from cli.processes import PROCESSES
from cli.system.shape import Shape
from tests.chaos.storm.clocks import noted, skew_of, wrong_clock
from tests.chaos.storm.ground import StormyInstallation
from tests.chaos.storm.network import MAIL, Network
from tests.support.inside import ROOT, inside
from tests.support.proxy import Proxy
from tests.support.receiver import TAKEN, receiving

_CLOCKS = """
import time
from datetime import UTC, datetime
print(time.time(), datetime.now(UTC).timestamp(), time.monotonic())
"""


@asynccontextmanager
async def echoing() -> AsyncIterator[tuple[Proxy, list[bytes]]]:
    """A line to a server that says everything back, and what the server heard."""
    heard = list[bytes]()

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while said := await reader.read(100):
            heard.append(said)
            writer.write(said)
        writer.close()

    async with await asyncio.start_server(echo, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with Proxy(f"tcp://127.0.0.1:{port}").listening() as proxy:
            yield proxy, heard


async def said_back(proxy: Proxy) -> bytes:
    """What comes back of one word; nothing when the connection is cut."""
    reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(proxy.url("tcp://echo")).port)
    writer.write(b"word")
    try:
        return await reader.read(100)
    except ConnectionResetError:
        return b""
    finally:
        writer.transport.abort()


async def test_a_calm_line_passes_everything() -> None:
    async with echoing() as (proxy, heard):
        assert await said_back(proxy) == b"word"
        assert heard == [b"word"]
        assert proxy.cuts == 0


async def test_an_ask_that_is_missed_never_reaches_the_server() -> None:
    async with echoing() as (proxy, heard):
        proxy.misses = lambda ask: ask == b"word"
        assert await said_back(proxy) == b""
        assert heard == []
        assert proxy.cuts == 1


async def test_an_answer_that_is_lost_was_given() -> None:
    async with echoing() as (proxy, heard):
        proxy.loses = lambda answer: answer == b"word"
        assert await said_back(proxy) == b""
        assert heard == [b"word"]
        assert proxy.cuts == 1


async def test_a_slow_line_takes_its_time_both_ways() -> None:
    async with echoing() as (proxy, _):
        proxy.delay, began = 0.05, time.monotonic()
        assert await said_back(proxy) == b"word"
        assert time.monotonic() - began >= 0.1


async def test_a_frozen_line_passes_nothing_until_it_thaws_and_then_everything() -> None:
    async with echoing() as (proxy, heard):
        proxy.frozen = True
        asking = asyncio.ensure_future(said_back(proxy))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(asking), 0.1)
        assert heard == []
        proxy.frozen = False
        assert await asking == b"word"


async def test_a_line_to_nowhere_is_cut_and_mended_when_somebody_listens() -> None:
    async with echoing() as (proxy, _):
        there, proxy.server_url = proxy.server_url, "tcp://127.0.0.1:1"
        assert await said_back(proxy) == b""
        proxy.server_url = there
        assert await said_back(proxy) == b"word"


def test_mail_goes_by_a_line_that_is_cut_when_the_message_was_taken() -> None:
    with receiving() as receiver, Network() as network:
        url = network.url(*MAIL, receiver.url)
        network.change(*MAIL, lambda line: setattr(line, "loses", lambda answer: TAKEN.encode() in answer))
        with (
            smtplib.SMTP("127.0.0.1", urlsplit(url).port or 0) as dialled,
            pytest.raises(smtplib.SMTPServerDisconnected),
        ):
            dialled.sendmail("storm@storm.test", ["operator@storm.test"], "Subject: taken")
        assert (len(receiver.taken), network.mail_cuts, network.cuts) == (1, 1, 1)


def test_senders_of_a_storm_are_told_of_the_line_and_not_of_the_server(tmp_path: Path) -> None:
    with Network() as network:
        nowhere = {"database_url": "postgresql://nobody@127.0.0.1:1/none", "redis_url": "redis://127.0.0.1:1"}
        shape = Shape({}, environment={"SMTP_URL": "smtp://127.0.0.1:1"}, **nowhere)
        told = StormyInstallation(tmp_path, shape, network, 1)._settings("mail", PROCESSES["mail"])
        assert told["SMTP_URL"] == network.url(*MAIL, "smtp://127.0.0.1:1") != "smtp://127.0.0.1:1"


def told_by(folder: Path, seed: int) -> tuple[float, float, float]:
    """What a process of this storm takes for the time, and by how much its monotonic clock differs from ours."""
    environment = inside("tests.chaos.storm.clocks:begin") | wrong_clock(folder, seed, "web")
    command = [sys.executable, "-c", _CLOCKS]
    out = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout
    wall, dated, monotonic = map(float, out.split())
    return wall - time.time(), dated - time.time(), monotonic - time.monotonic()


def test_a_process_has_a_wrong_clock_and_measures_right_and_another_one_when_it_comes_again(tmp_path: Path) -> None:
    seed = next(seed for seed in range(100) if all(abs(skew_of(seed, "web", starts)) > 30 for starts in (0, 1)))
    for starts in (0, 1):
        wall, dated, monotonic = told_by(tmp_path, seed)
        assert abs(wall - skew_of(seed, "web", starts)) < 5
        assert abs(dated - skew_of(seed, "web", starts)) < 5
        assert abs(monotonic) < 5
    assert noted(tmp_path) == [round(skew_of(seed, "web", starts), 3) for starts in (0, 1)]
