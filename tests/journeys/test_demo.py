"""The demo, as a newcomer types it: a crowd, a draw, the facts, proofs that hold, and nothing left behind."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from typer.testing import CliRunner

from cli.main import app
from tests.support.servers import temporary_state
from tests.support.traces import at_work

ROOT = Path(__file__).parents[2]
OUTSIDE = {"DATABASE_URL", "REDIS_URL", "SMTP_URL", "KEY_ENCRYPTION_KEY", "GATEWAY_SECRET", "ROLE_SECRET"}


def demo(state: Path, *words: str) -> subprocess.Popen[str]:
    """`drumroll demo`, started."""
    kept = {name: word for name, word in os.environ.items() if name not in OUTSIDE}
    return subprocess.Popen(
        [sys.executable, "-m", "cli", "demo", *words],
        cwd=ROOT,
        env={**kept, "DRUMROLL_STATE": str(state), "COLUMNS": "200"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.timeout(300)
def test_a_small_crowd_comes_through_and_every_fact_holds() -> None:
    with temporary_state() as state:
        process = demo(state, "--people", "200", "--duration", "5")
        said, _ = process.communicate()
        assert process.returncode == 0, said
        assert re.search(r"All \d+ facts hold", said)
        assert "The order is the one that was committed to." in said
        assert re.search(r"draw: [1-9]\d* entered", said)
        assert re.search(r"A draw of \d+ places for those who did not get in", said)
        assert "The draw is the one that was committed to." in said
        (order,), (draw,) = (state / "proofs").glob("*.json"), (state / "proofs").glob("*-draw.ndjson")
        assert f"drumroll verify {draw}" in said
        (log,) = (state / "proofs").glob("*-draw-log.ndjson")
        words = ([str(order)], [str(draw)], [str(log)], [str(draw), "--log", str(log)])
        assert [CliRunner().invoke(app, ["verify", *told]).exit_code for told in words] == [0, 0, 0, 0]
        assert at_work(state) == []


@pytest.mark.timeout(240)
def test_ctrl_c_in_the_middle_of_it_leaves_nothing_running() -> None:
    with temporary_state() as state:
        process = demo(state, "--people", "50", "--duration", "30")
        said = process.stdout
        assert said
        while "arrived" not in said.readline():
            assert process.poll() is None
        ours = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate()
        assert process.returncode == 130, rest
        assert "Stopped before the end" in rest
        assert psutil.wait_procs(ours, timeout=10)[1] == []
        assert at_work(state) == []
