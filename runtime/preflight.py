"""Before a process starts: what its servers are found to be, and whether it starts on them.

What breaks a promise is refused with exit status 2 and a sentence that says what to set. What only costs something is one line
of the log for each reason. A store that cannot be asked may be there in a moment, so it is asked again for a while; nothing
starts on one that was never asked.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import NoReturn, Protocol

import redis
import structlog

from runtime.broker import redis_client
from runtime.clock import Clock
from runtime.settings import Settings

REFUSED, NOT_STARTED = 2, 3
STORE_SECONDS, AGAIN_SECONDS = 10.0, 0.25
SKEW = timedelta(seconds=5)
"""More than this between a process's clock and Postgres' is told. Nothing is decided by a process's clock, but verifiers of
tokens rarely forgive more, and dramatiq takes a worker whose clock is fifteen seconds behind for dead."""
ASKING_SECONDS = 0.5
KEEPS = "noeviction"
OVERRIDE = "For a store that may be lost, and for no other, ALLOW_UNSAFE_STORE=1 starts all the same."
_REDIS = ("redis:", "rediss:", "unix:")
log = structlog.get_logger("preflight")


class Found(Protocol):
    """What is known of a store: its clock, why commits may be lost, what else breaks a promise, and what only costs."""

    @property
    def now(self) -> datetime | None:
        """The server's clock; None where it was not asked."""

    @property
    def unsafe(self) -> Sequence[str]:
        """Why a commit that was acknowledged may be lost."""

    @property
    def wrong(self) -> Sequence[str]:
        """What breaks a promise in whatever installation."""

    @property
    def warnings(self) -> Sequence[str]:
        """What costs something and breaks nothing."""

    @property
    def unreachable(self) -> str:
        """Why it could not be asked; empty when it was."""


def check(chosen: Settings, look: Callable[[], Found]) -> None:
    """Return when a process may start on these servers.

    SystemExit, with the reasons said: status 2 when it must not, status 3 when the store could not be asked for ten seconds.
    """
    before, found, after = _asked(look, Clock())
    if found.unreachable:
        _end(
            NOT_STARTED, [f"Postgres cannot be asked ({found.unreachable}). Start this process again when it answers."]
        )
    if reasons := refusals(found, unsafe_allowed=chosen.allow_unsafe_store):
        refuse(reasons)
    for reason in found.unsafe:
        log.error("preflight.unsafe_store", because=reason, allowed_by="ALLOW_UNSAFE_STORE")
    if found.now is not None:
        warn(skew(before, found.now, after))
    warn(found.warnings)
    warn(warnings_of_redis(chosen))


def _asked(look: Callable[[], Found], clock: Clock) -> tuple[datetime, Found, datetime]:
    """What was found, between two readings of this process's clock; a store that is away is asked again for ten seconds."""
    until, said = clock.monotonic() + STORE_SECONDS, False
    while True:
        before, found, after = clock.now(), look(), clock.now()
        if not found.unreachable or clock.monotonic() > until:
            return before, found, after
        if not said:
            log.warning("preflight.store_away", because=found.unreachable)
        said = True
        clock.pause(AGAIN_SECONDS)


def refusals(found: Found, *, unsafe_allowed: bool) -> list[str]:
    """Why nothing should start on this store; with `unsafe_allowed` that commits may be lost is no reason."""
    unsafe = [] if unsafe_allowed or not found.unsafe else [*found.unsafe, OVERRIDE]
    return [*found.wrong, *unsafe]


def refuse(reasons: Sequence[str]) -> NoReturn:
    """End this process with status 2 and the reasons on standard error."""
    _end(REFUSED, reasons)


def _end(status: int, reasons: Sequence[str]) -> NoReturn:
    sys.stderr.write("".join(f"{reason}\n" for reason in reasons))
    sys.stderr.flush()
    raise SystemExit(status)


def warn(reasons: Iterable[str]) -> None:
    """Say each of these in the log."""
    for reason in reasons:
        log.warning("preflight.warning", because=reason)


def skew(before: datetime, told: datetime, after: datetime) -> Iterator[str]:
    """What to say of a server whose clock said `told` when this process's went from `before` to `after`."""
    apart = max(told - after, before - told)
    if apart > SKEW:
        way = "behind" if told > after else "ahead of"
        yield (
            f"This process's clock is {apart.total_seconds():.0f} s {way} Postgres'. Nothing is decided by it, but its log is "
            "dated by it, and bells may be rung twice. Let both follow one NTP server."
        )


def warnings_of_redis(chosen: Settings) -> list[str]:
    """What to say of the Redis, or the two, that carry bells and answers: nothing in them matters, so nothing is refused."""
    urls = dict.fromkeys((chosen.redis_url, chosen.bell_url))
    return [said for url in urls if url.startswith(_REDIS) for said in _warnings_of(url)]


def _warnings_of(url: str) -> Iterator[str]:
    with redis_client(url, timeout=ASKING_SECONDS) as client:
        place = client.connection_pool.connection_kwargs
        name = f"Redis at {place.get('host', place.get('path', ''))}:{place.get('port', '')}".rstrip(":")
        try:
            policy = client.info("memory").get("maxmemory_policy", KEEPS)
        except redis.exceptions.NoPermissionError:
            yield f"{name} does not let this process see its maxmemory-policy: it should be {KEEPS}."
        except (redis.RedisError, OSError) as failure:
            yield (
                f"{name} does not answer ({type(failure).__name__}): until it does, workers look for themselves and answers come "
                "late."
            )
        else:
            if policy != KEEPS:
                yield (
                    f"{name} has maxmemory-policy {policy}: a bell that is evicted costs half a second, a write limit that is "
                    f"evicted is not kept. Set maxmemory-policy {KEEPS}."
                )
