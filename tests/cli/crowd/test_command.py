"""The command as it is typed: what it says and how it ends."""

from __future__ import annotations

import asyncio
import os
import signal
import sys

from tests.cli.crowd.scripted_room import PK, SK, ScriptedRoom, served

PROGRAM = "import typer; from cli.crowd.command import crowd; typer.run(crowd)"


async def typed(*options: str, **environment: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        PROGRAM,
        *options,
        env={**os.environ, "COLUMNS": "200", **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )


async def test_ctrl_c_ends_the_run_with_the_report_so_far() -> None:
    async with served(ScriptedRoom()) as url:
        keys = {"DRUMROLL_PUBLISHABLE_KEY": PK, "DRUMROLL_SECRET_KEY": SK}
        process = await typed("--url", url, "--people", "50", "--duration", "20", **keys)
        assert process.stdout is not None
        while b"arrived" not in await process.stdout.readline():
            assert process.returncode is None
        process.send_signal(signal.SIGINT)
        rest, _ = await process.communicate()
    assert b"Stopped before the end" in rest
    assert process.returncode == 130


async def test_a_wrong_key_is_said_and_nobody_sets_out() -> None:
    async with served(ScriptedRoom()) as url:
        process = await typed("--url", url, "--publishable-key", PK, "--secret-key", "dr_sk_test_no")
        told, _ = await process.communicate()
    assert b"SECRET_KEY_REQUIRED" in told
    assert process.returncode == 2


async def test_a_closed_door_is_said_with_what_to_do() -> None:
    process = await typed("--url", "http://127.0.0.1:9", "--publishable-key", PK, "--secret-key", SK)
    told, _ = await process.communicate()
    assert b"drumroll up" in told
    assert process.returncode == 2


async def test_too_few_files_is_said_before_anything_happens() -> None:
    process = await typed("--publishable-key", PK, "--secret-key", SK, "--connections", "100000000")
    told, _ = await process.communicate()
    assert b"ulimit" in told
    assert process.returncode == 2
