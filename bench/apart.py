"""The load generator as a process of its own, because it must not share an interpreter with anything."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

import orjson

from bench.plan import Plan, write_plan
from bench.result import Result
from bench.usage import Meter


class Apart:
    """A running generator; `result()` waits for its end. Leaving the context kills what still runs."""

    def __init__(self, plan: Plan, requests: Iterable[bytes]) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="drumroll-load-")
        file = Path(self._folder.name) / "plan"
        write_plan(file, plan, requests)
        command = [sys.executable, "-m", "bench.load", "--plan", str(file)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parent.parent)

    @property
    def pid(self) -> int:
        """Process id, for whoever measures what the generator uses."""
        return self._process.pid

    def result(self) -> Result:
        """Wait for the end; raises RuntimeError when the generator failed (its reason is on stderr)."""
        line, _ = self._process.communicate()
        if self._process.returncode != 0:
            msg = f"the load generator ended with status {self._process.returncode}"
            raise RuntimeError(msg)
        return Result.from_json(orjson.loads(line))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        self._folder.cleanup()


def run_apart(plan: Plan, requests: Iterable[bytes]) -> Result:
    """Send `requests` by `plan` from a process of its own and wait for the result."""
    with Apart(plan, requests) as generator:
        return generator.result()


def run_metered(plan: Plan, requests: Iterable[bytes], meter: Callable[[], Meter]) -> Result:
    """`run_apart`, with the processor time that the served side spent on each answer."""
    with Apart(plan, requests) as generator:
        running = meter()
        result = generator.result()
        spent = running.spent()
    return replace(result, spent={name: 1e6 * used / max(1, result.answered) for name, used in spent.items()})
