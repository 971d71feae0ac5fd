"""Prometheus metrics: what each process shows of itself."""

from __future__ import annotations

import structlog
from prometheus_client import Counter, Gauge, Histogram, start_http_server

_FAST = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)
_SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
log = structlog.get_logger("metrics")

commands = Counter("drumroll_commands_total", "Commands decided.", ["topic"])
batch_size = Histogram("drumroll_drain_commands", "Commands decided by one drain.", ["topic"], buckets=_SIZES)
decide_seconds = Histogram(
    "drumroll_drain_decide_seconds", "Taking, deciding and writing one drain.", ["topic"], buckets=_FAST
)
commit_seconds = Histogram("drumroll_drain_commit_seconds", "Committing one drain.", ["topic"], buckets=_FAST)
append_size = Histogram("drumroll_append_commands", "Commands appended by one statement.", buckets=_SIZES)
append_seconds = Histogram("drumroll_append_seconds", "Appending a group of commands.", buckets=_FAST)
reply_seconds = Histogram("drumroll_reply_wait_seconds", "From the append to the reply.", buckets=_FAST)
replies_missed = Counter("drumroll_replies_missed_total", "Replies looked up in the journal because they did not come.")
requests = Counter("drumroll_requests_total", "Requests answered.", ["route", "status"])
turned_away = Counter(
    "drumroll_turned_away_total", "Writes and listeners refused because more is asked than can be served.", ["because"]
)
log_depth = Gauge("drumroll_log_commands", "Commands that wait in the log.", ["topic"])
log_age = Gauge("drumroll_log_age_seconds", "Age of the oldest batch in the log.", ["topic"])
timer_lateness = Histogram("drumroll_timer_lateness_seconds", "From a timer's due date to its append.", buckets=_FAST)
swept = Counter("drumroll_sweeper_rings_total", "Partitions rung because nobody had come.", ["topic"])
unrung = Counter(
    "drumroll_unrung_rounds_total", "Partitions drained without a ring, because none gets through.", ["topic"]
)
long_reads = Counter("drumroll_long_reads_total", "Long reads, by who answered them.", ["server"])
unsettled = Counter(
    "drumroll_unsettled_total", "Aggregates that a drain could not settle; the log says why.", ["topic"]
)
beacons = Counter(
    "drumroll_beacon_rounds_total",
    "Rounds of the beacon that draws wait for, asked of relays, by what came of it.",
    ["ended"],
)
dead = Gauge("drumroll_dead_commands", "Commands that wait for an operator.")


def drained(topic: str, count: int, deciding: float, committing: float) -> None:
    """One drain: how many commands, and the seconds of its two halves."""
    commands.labels(topic).inc(count)
    batch_size.labels(topic).observe(count)
    decide_seconds.labels(topic).observe(deciding)
    commit_seconds.labels(topic).observe(committing)


def serve(port: int, host: str) -> None:
    """Show this process's metrics over HTTP; port 0 shows them nowhere.

    A port that cannot be had is logged and nothing more, because people are worth more than figures.
    """
    try:
        if port:
            start_http_server(port, addr=host)
    except OSError as taken:
        log.error("metrics.unserved", host=host, port=port, error=str(taken))
