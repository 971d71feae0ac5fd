"""Guards of a gateway and of what stands in for Redis: what is answered is so, and somebody always answers."""

import asyncio
import threading
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any

import redis.asyncio
from psycopg_pool import AsyncConnectionPool

from api_gateway import appender
from api_gateway.accept import Accept
from api_gateway.appender import Appender, connected
from api_gateway.limits import Ask, WriteLimits
from api_gateway.limits.asks import Rule
from api_gateway.limits.undecided import Undecided
from api_gateway.problems import Problem
from api_gateway.replies import Replies
from runtime.broker import redis_client, takes_writes
from runtime.clock import Clock
from store import command_log, database
from store.database import Limits
from store.roles import GATEWAY, WORKER
from tests.controls.guard import Guard
from tests.controls.lying import NOBODY_ANSWERS
from tests.controls.removing import replaced, rewritten
from tests.controls.scenes import LYING, people, set_to, wrong_with
from tests.support.database import PARTITIONS
from tests.support.factories import deep, entering
from tests.support.servers import wait_until
from tests.support.works import Works, new_drain, place_of
from workers import unrung
from workers.loops import Loop, Loops
from workers.unrung import Unrung

NOT_THERE = "a call is accepted that is not in the ledger"
SILENT = "a gateway answers nobody any more"
Seen = Callable[[Accept], Awaitable[list[str]]]


def accepting(works: Works, see: Seen, *, most: int = 1_000) -> list[str]:
    """What is seen at the write path of a gateway that lets so many undecided commands into the log."""

    async def run() -> list[str]:
        async with write_path(works, most) as accept:
            return await see(accept)

    return asyncio.run(run())


@asynccontextmanager
async def write_path(works: Works, most: int) -> AsyncIterator[Accept]:
    """The write path of a gateway on the store of these works."""
    url, drain = works.database.url(GATEWAY), works.drain
    async with AsyncConnectionPool(url, min_size=1, open=False) as pool:
        limits, undecided = WriteLimits(works.redis, Clock()), Undecided(pool, most, most)
        appends = Appender("tests", partial(connected, url), Clock())
        accept = Accept(appends, drain.bell, PARTITIONS, limits, undecided, Clock())
        try:
            yield accept
        finally:
            await accept.stop()


def the_log_is_locked(works: Works) -> list[str]:
    """Postgres does not get to the append in time."""
    one = entering(works.queue())

    async def see(accept: Accept) -> list[str]:
        with suppress(Problem):
            await accept(one, None)
            return [NOT_THERE]
        return []

    with works.owner.connect() as locking, set_to(appender, "PATIENCE_SECONDS", 0.0):
        locking.exec_driver_sql("LOCK TABLE command_log IN EXCLUSIVE MODE")
        return accepting(works, see)


def an_ask_that_breaks(works: Works) -> list[str]:
    """Something breaks in the append's thread that nobody has thought of; then somebody else calls."""
    queue = works.queue()
    broken: Any = None

    async def see(accept: Accept) -> list[str]:
        with suppress(Problem, TimeoutError):
            await asyncio.wait_for(accept(entering(queue), Ask(broken, broken, "")), 0.5)
        try:
            await asyncio.wait_for(accept(entering(queue), None), 2)
        except TimeoutError:
            return [SILENT]
        return []

    with set_to(threading, "excepthook", lambda _: None):
        return accepting(works, see)


def one_cannot_be_written(works: Works) -> list[str]:
    """One of three that are appended together has a body that cannot be written."""
    queue = works.queue()
    good = people(queue, 2)

    async def see(accept: Accept) -> list[str]:
        asked = [accept(one, None) for one in (good[0], deep(good[0]), good[1])]
        ended = await asyncio.gather(*asked, return_exceptions=True)
        failed = [one for one in ended if isinstance(one, BaseException)]
        return ["one that cannot be written takes the others with it"] if len(failed) > 1 else []

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return accepting(works, see)


def one_organization_floods(works: Works) -> list[str]:
    """A queue is sent ten commands where five may wait undecided."""
    flood = people(works.queue(), 10)

    async def see(accept: Accept) -> list[str]:
        for one in flood:
            with suppress(Problem):
                await accept(one, None)
        return []

    accepting(works, see, most=5)
    if works.value("SELECT sum(n) FROM command_log") > 5:
        return ["whatever comes is taken, until nothing moves any more"]
    return []


def an_answer_is_lost(works: Works) -> list[str]:
    """A worker decides and cannot tell: Redis does not reach it."""
    queue = works.queue()
    one = entering(queue)

    async def run() -> list[str]:
        pool: AsyncConnectionPool[Any] = AsyncConnectionPool(
            works.database.url(GATEWAY), kwargs={"autocommit": True}, min_size=1, open=False
        )
        async with pool, redis.asyncio.Redis.from_url(works.redis_url) as client:
            replies = Replies(client, pool, "tests", Clock())
            looking = asyncio.create_task(replies.look())
            future = replies.expect(one)
            await asyncio.to_thread(decide_unheard)
            told = await replies.told(future, 2.0)
            looking.cancel()
            return [] if told else ["whoever's answer was lost is never told"]

    def decide_unheard() -> None:
        works.append([one])
        with new_drain(works.worker, NOBODY_ANSWERS) as deaf:
            deaf.round(place_of(queue))

    return asyncio.run(run())


def many_write_without_redis(works: Works) -> Iterator[str]:
    """Twenty calls of one caller come where five a minute may, and Redis is away."""
    ask = Ask((Rule("entry", 5, 60),), ("caller",), "")
    limits = WriteLimits(redis_client(NOBODY_ANSWERS), Clock())
    if sum(verdict.admitted for verdict in limits.admit([ask] * 20)) > 6:
        yield "without Redis there are no limits"


def redis_stays_away(works: Works) -> Iterator[str]:
    """Nobody can be rung any more, and calls go on coming."""
    queue = works.queue()
    came = people(queue, 3)
    works.append(came)
    with new_drain(works.worker, NOBODY_ANSWERS) as deaf, set_to(unrung, "AWAY_SECONDS", -1.0):
        Unrung(deaf, ("queue",), [partial(takes_writes, deaf.replies.client)])()
    yield from wrong_with(works, queue, *came)


def a_worker_freezes(works: Works) -> Iterator[str]:
    """A worker stands still in the middle of a drain; its limits are those of workers, only shorter."""
    place = place_of(works.queue())
    engine = database.engine(works.database.url(WORKER), Limits(5_000, 1_000, 200), pool=1)

    def somebody_else_gets_in() -> bool:
        with works.owner.begin() as connection:
            return command_log.lock(connection, place) is not None

    frozen = engine.raw_connection()
    frozen.cursor().execute(
        "SELECT FROM log_partition WHERE topic = %s AND part = %s FOR UPDATE", (place.topic, place.part)
    )
    try:
        wait_until(somebody_else_gets_in, seconds=2)
    except AssertionError:
        yield "a frozen worker keeps its partition"
    frozen.invalidate()
    engine.dispose()


def a_step_fails(works: Works) -> Iterator[str]:
    """A step of a scheduler's loop fails once."""
    steps, again = list[int](), threading.Event()

    def step() -> float:
        steps.append(len(steps))
        if len(steps) == 1:
            raise ZeroDivisionError
        again.set()
        return 1.0

    with set_to(threading, "excepthook", lambda _: None):
        loops = Loops([Loop("fragile", step)])
        loops.start()
        if not again.wait(1.0):
            yield "a scheduler lives on and does nothing"
        loops.stop()


async def _looks_nothing_up(replies: Replies, older_than: float) -> None:
    """Who only listens."""


_TOGETHER = "try:\n        self._append_together(self._within_limits(group))"
GUARDS = (
    Guard(
        "answered after the append",
        "No 202 leaves before its command has been committed.",
        (NOT_THERE,),
        the_log_is_locked,
        rewritten(
            Accept, "_append", (_TOGETHER, f"self._loop.call_soon_threadsafe(self._settle, group)\n    {_TOGETHER}")
        ),
    ),
    Guard(
        "unknown is 503",
        "A call of which nobody knows whether it was recorded is never said to be accepted.",
        (NOT_THERE,),
        the_log_is_locked,
        rewritten(Accept, "_append_together", ("_refuse(group, _unknown())", "pass")),
    ),
    Guard(
        "the append thread goes on",
        "Whatever breaks in an append, the next one is made.",
        (SILENT,),
        an_ask_that_breaks,
        rewritten(Accept, "_append", ("except Exception:", "except GeneratorExit:")),
    ),
    Guard(
        "each alone where not all together",
        "One that cannot be written fails alone.",
        ("one that cannot be written takes the others with it",),
        one_cannot_be_written,
        rewritten(Accept, "_append_together", ("if len(group) > 1:", "if False:")),
    ),
    Guard(
        "bound of what is undecided",
        "More than can be decided is refused before it is recorded.",
        ("whatever comes is taken, until nothing moves any more",),
        one_organization_floods,
        replaced(Undecided, "admit", lambda *_: None),
    ),
    Guard(
        "missed answers are looked up",
        "An answer that nobody heard is found in the journal.",
        ("whoever's answer was lost is never told",),
        an_answer_is_lost,
        replaced(Replies, "_look_up", _looks_nothing_up),
    ),
    Guard(
        "limits without Redis",
        "While Redis is away each gateway counts alone.",
        ("without Redis there are no limits",),
        many_write_without_redis,
        rewritten(WriteLimits, "_admit", ("[self._alone.admit(ask) for ask in asks]", "[PASSES] * len(asks)")),
    ),
    Guard(
        "unrung",
        "While Redis is away workers look by themselves.",
        (LYING,),
        redis_stays_away,
        replaced(Unrung, "_is_away", lambda _: False),
    ),
    Guard(
        "idle transactions end",
        "Whoever freezes in a partition lets go of it.",
        ("a frozen worker keeps its partition",),
        a_worker_freezes,
        replaced(Limits, "options", property(lambda _: "")),
    ),
    Guard(
        "loops go on",
        "A step that fails is taken again.",
        ("a scheduler lives on and does nothing",),
        a_step_fails,
        rewritten(Loops, "_run", ("except Exception as broken:", "except GeneratorExit as broken:")),
    ),
)
