"""A lean HTTP/1.1 load generator: keep-alive connections, ready-made request bytes, hardly any parsing.

It shares the machine with the system under test, so every microsecond it uses is missing there.
Closed loop by default: each connection sends its next request when the last one is answered. With
`rate` the requests are due at fixed instants, and latency counts from the instant a request was due,
because a system that stalls must not be excused by the generator waiting for it.

As a process of its own: `python -m bench.load --plan FILE` prints the result as JSON (bench/apart.py).
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, cast

import orjson
import uvloop

from bench.plan import Plan, read_plan
from bench.result import Result, percentile

OnAnswer = Callable[[int, bytes], None]
"""Called with status and body of every measured answer; costs time, for checks only."""

_GRACE_SECONDS = 10.0
_MOST_BROKEN = 1000
_REFUSALS = frozenset({429, 503})


class _Run:
    """The one clock, the one stream of requests and the one set of counts of all connections."""

    def __init__(self, plan: Plan, requests: Iterable[bytes], on_answer: OnAnswer | None) -> None:
        self.plan, self.on_answer = plan, on_answer
        self.requests: Iterator[bytes] = iter(requests)
        self.loop = asyncio.get_running_loop()
        self.latencies, self.dues, self.codes = array("d"), array("d"), array("h")
        self.statuses: Counter[int] = Counter()
        self.broken = self.answers = self.bare = 0
        self.live = 0
        self.over = False
        self.exhausted = False
        self.finished = self.loop.create_future()
        self.ready: list[_Connection] | None = []
        self.begin()

    def begin(self) -> None:
        """Now is the beginning."""
        now = time.perf_counter()
        self.measure_from = now + self.plan.warmup_seconds
        self.until = self.measure_from + self.plan.duration if self.plan.duration is not None else float("inf")
        self.most = self.plan.count if self.plan.count is not None else sys.maxsize
        self.last = self.measure_from
        self.due = now
        self.cpu_from = time.process_time()

    def all_connected(self) -> None:
        """Begin in earnest: nobody is late because others were still connecting."""
        ready, self.ready = self.ready or [], None
        self.begin()
        self.loop.call_later(self.plan.warmup_seconds, self._warmed_up)
        for connection in ready:
            connection.go_on()

    def _warmed_up(self) -> None:
        self.cpu_from = time.process_time()

    def next_request(self) -> bytes | None:
        """The next request, or None when the run is over."""
        if self.over:
            return None
        request = next(self.requests, None)
        if request is None:
            self.over = self.exhausted = True
        return request

    def answered(self, since: float, status: int, chunk: bytes, body_at: int) -> None:
        now = time.perf_counter()
        self.answers += 1
        if now >= self.until or len(self.latencies) >= self.most:
            self.over = True
        elif now >= self.measure_from:
            self.latencies.append(now - since)
            self.statuses[status] += 1
            self.bare += status in _REFUSALS and b"retry-after:" not in chunk[:body_at].lower()
            if self.plan.keep:
                self.dues.append(since)
                self.codes.append(status)
            self.last = now
            self.over = self.over or len(self.latencies) >= self.most
            if self.on_answer is not None:
                self.on_answer(status, chunk[body_at:])

    def fail(self, context: dict[str, Any]) -> None:
        """End the run with the error of a callback, because the loop would only log it and wait on."""
        self.over = True
        if not self.finished.done():
            self.finished.set_exception(context.get("exception") or RuntimeError(context["message"]))

    def result(self) -> Result:
        end = self.last if self.exhausted or self.plan.duration is None else self.until
        cpu_seconds = time.process_time() - self.cpu_from
        seconds = max(end - self.measure_from, 1e-9)
        ordered = sorted(1000 * latency for latency in self.latencies)
        return Result(
            count=len(ordered),
            statuses=dict(self.statuses),
            broken=self.broken,
            seconds=seconds,
            rate=len(ordered) / seconds,
            p50=percentile(ordered, 0.5),
            p90=percentile(ordered, 0.9),
            p99=percentile(ordered, 0.99),
            max=percentile(ordered, 1.0),
            cpu_seconds=cpu_seconds,
            answered=self.answers,
            samples=self._samples(),
            bare=self.bare,
        )

    def _samples(self) -> tuple[tuple[float, float, int], ...]:
        """Each kept answer on the wall's clock, whatever the stopwatch began with."""
        ahead = time.time() - time.perf_counter()
        kept = zip(self.dues, self.latencies, self.codes, strict=self.plan.keep)
        return tuple((due + ahead, 1000 * took, code) for due, took, code in kept)


class _Connection(asyncio.Protocol):
    """One keep-alive connection with at most one request under way."""

    def __init__(self, run: _Run) -> None:
        self._run = run
        self._transport: asyncio.Transport | None = None
        self._since = 0.0
        self._received = b""
        self._under_way = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own class does not inherit it
        self._run.live += 1
        if self._run.ready is None:
            self.go_on()
        else:
            self._run.ready.append(self)

    def go_on(self) -> None:
        """Send the next request, at once or when it is due."""
        rate = self._run.plan.rate
        if rate is None:
            self._send(time.perf_counter())
            return
        due, self._run.due = self._run.due, self._run.due + 1 / rate
        wait = due - time.perf_counter()
        if wait <= 0:
            self._send(due)
        else:
            self._run.loop.call_later(wait, self._send, due)

    def _send(self, since: float) -> None:
        request = self._run.next_request()
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        if request is None:
            transport.close()
            return
        self._since, self._under_way = since, True
        transport.write(request)

    def data_received(self, data: bytes) -> None:
        chunk = self._received + data if self._received else data
        head_end = chunk.find(b"\r\n\r\n")
        body_at = head_end + 4
        if head_end < 0 or len(chunk) < body_at + _content_length(chunk, head_end):
            self._received = chunk
            return
        self._received, self._under_way = b"", False
        self._run.answered(self._since, int(chunk[9:12]), chunk, body_at)
        self.go_on()

    def connection_lost(self, exc: Exception | None) -> None:
        run = self._run
        run.live -= 1
        if self._under_way and not run.over:
            run.broken += 1
            run.over = run.broken >= _MOST_BROKEN
        if not run.over:
            _keep(run.loop.create_task(_connect(run)))
        elif run.live == 0 and not run.finished.done():
            run.finished.set_result(None)


def _content_length(chunk: bytes, head_end: int) -> int:
    """Length of the body; 0 without the header, because no route under test answers in chunks."""
    at = chunk.find(b"ontent-length: ", 0, head_end)
    if at < 0:
        at = chunk.find(b"ontent-Length: ", 0, head_end)
    if at < 0:
        return 0
    return int(chunk[at + 15 : chunk.find(b"\r", at)])


_tasks: set[asyncio.Task[None]] = set()


def _keep(task: asyncio.Task[None]) -> None:
    """Hold the task, because the loop itself refers to tasks only weakly."""
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)


async def _connect(run: _Run) -> None:
    try:
        await run.loop.create_connection(lambda: _Connection(run), run.plan.host, run.plan.port)
    except OSError as refused:
        run.over = True
        if not run.finished.done():
            run.finished.set_exception(refused)


async def _drive(plan: Plan, requests: Iterable[bytes], on_answer: OnAnswer | None) -> Result:
    run = _Run(plan, requests, on_answer)
    run.loop.set_exception_handler(lambda _, context: run.fail(context))
    for _ in range(plan.connections):
        await _connect(run)
    run.all_connected()
    patience = plan.warmup_seconds + plan.duration + _GRACE_SECONDS if plan.duration is not None else None
    await asyncio.wait_for(run.finished, patience)
    return run.result()


def run(
    host: str,
    port: int,
    requests: Iterable[bytes],
    *,
    connections: int = 64,
    duration: float | None = None,
    count: int | None = None,
    warmup_seconds: float = 0.0,
) -> Result:
    """Send `requests` (complete HTTP/1.1 requests) until `duration` seconds or `count` answers are measured.

    The warm-up comes first and is not measured. The run ends early when the requests are used up. Requests
    that are under way when time is up are waited for but not counted. Raises OSError when nobody listens,
    TimeoutError when the answers stay away for ten seconds after the end.
    """
    return run_plan(Plan(host, port, connections, duration, count, warmup_seconds), requests)


def run_plan(plan: Plan, requests: Iterable[bytes], on_answer: OnAnswer | None = None) -> Result:
    """`run` for a plan that is already made, which may also pace (`rate`) or repeat."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_drive(plan, requests, on_answer))


def main() -> None:
    """Run the plan of a file and print the result as one line of JSON."""
    parser = argparse.ArgumentParser(description="Send the requests of a plan file, print the result as JSON.")
    parser.add_argument("--plan", type=Path, required=True)
    plan, requests = read_plan(parser.parse_args().plan)
    result = run_plan(plan, requests)
    sys.stdout.buffer.write(orjson.dumps(result.as_json(), option=orjson.OPT_NON_STR_KEYS) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
