"""Guards of what comes at an awkward moment: an answer, a ring, a look, somebody's lock; and of what goes round for ever."""

import asyncio
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any
from uuid import uuid4

import redis.asyncio

from api_gateway.auth import Caller
from api_gateway.auth.caller import Key
from api_gateway.context import Asked, Decided, Gateway
from api_gateway.replies import Replies
from domain.command import Envelope
from domain.decision import Decision, Refused, Reply
from domain.queue.commands import EnterQueue, KnockQueue, NotePresence
from domain.queue.rules import idling
from domain.queue.state import Queue
from domain.times import Times
from runtime.bell import Bell
from runtime.broker import RedisRinger
from runtime.clock import Clock
from store.database import AWAY, ledger_now
from store.roles import MAINTENANCE
from store.terms import REPLIES, Duty
from store.work import Work
from tests.controls.answering import write_path
from tests.controls.guard import Guard
from tests.controls.removing import rewritten
from tests.controls.scenes import BURIED, LYING, NOBODY_IS_LET_IN, few_rounds, knock, lying_about, people
from tests.support.factories import sent
from tests.support.faults import knocks_that
from tests.support.servers import wait_until
from tests.support.works import Works, close, place_of
from workers import careful
from workers.drain import Drain
from workers.sparing import Spared

FOR_EVER = "commands go round for ever"


class Heard(Replies):
    """The answers of a gateway, of which the first to come over Redis is noted."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self.first = threading.Event()

    def _take(self, message: bytes) -> None:
        super()._take(message)
        self.first.set()


class DecidesAtOnce(Bell):
    """A bell that a worker hears so soon that its answer is here before whoever rang goes on."""

    def __init__(self, works: Works, replies: Heard) -> None:
        self._works, self._replies = works, replies

    def ring(self, places: Iterable[tuple[str, int]]) -> None:
        """Decide what was appended, and return when that was heard of."""
        few_rounds(self._works)
        assert self._replies.first.wait(10)


def an_answer_comes_at_once(works: Works) -> list[str]:
    """A worker has answered before the gateway has heard of its own commit; nobody looks anything up."""
    queue = works.queue(**NOBODY_IS_LET_IN)

    async def run() -> list[str]:
        unused: Any = None
        async with redis.asyncio.Redis.from_url(works.redis_url) as client, write_path(works, 1_000) as accept:
            replies = Heard(client, unused, "tests", Clock())
            listening = asyncio.create_task(replies.listen())
            await asyncio.to_thread(wait_until, lambda: _is_heard(works, "replies:tests"))
            accept._bell = DecidesAtOnce(works, replies)
            gateway = Gateway(unused, Clock(), "tests", *[unused] * 7, accept, replies)
            asked = Asked(uuid4(), uuid4(), patience=1.0)
            who = _somebody(queue)
            answer = await gateway.ask(who, EnterQueue(queue_id=queue.id, consumer_id=who.consumer_id), asked)
            listening.cancel()
            return [] if isinstance(answer, Decided) else ["an answer that comes at once is not heard"]

    return asyncio.run(run())


def _is_heard(works: Works, channel: str) -> bool:
    ((_, listeners),) = works.drain.replies.client.pubsub_numsub(channel)
    return bool(listeners)


def _somebody(queue: Queue) -> Caller:
    key = Key(
        queue.tenant_id, queue.organization_id, "live", "hall", "ACTIVE", {}, uuid4(), "publishable", frozenset(),
        "ACTIVE", None,
    )  # fmt: skip
    return Caller(key, "consumer", uuid4())


class RungJustThen(Bell):
    """A bell that is rung just when a drain lowers it."""

    def __init__(self, works: Works, last: list[Envelope[Any]]) -> None:
        self._ringer = RedisRinger(works.redis_url)
        super().__init__(works.drain.replies.client, self._ringer, ["queue"])
        self._works, self._last = works, last

    def lower(self, topic: str, part: int) -> None:
        """Somebody appends and rings; then the bell is lowered."""
        last, self._last = self._last, []
        if last:
            self._works.append(last)
            self._ring_one(topic, part)
        super().lower(topic, part)

    def stop(self) -> None:
        """Let go of the connections, too."""
        super().stop()
        close(self._ringer.client)


def somebody_rings_while_the_bell_is_lowered(works: Works) -> Iterator[str]:
    """A drain that found nothing more is about to leave, and somebody who came just then relies on it."""
    queue = works.queue(**NOBODY_IS_LET_IN)
    works.append(people(queue, 1))
    bell = RungJustThen(works, people(queue, 1))
    replace(works.drain, bell=bell)("queue", place_of(queue).part)
    bell.stop()
    yield from lying_about(works)


def the_house_stands_still_for_a_while(works: Works) -> Iterator[str]:
    """For 25 seconds nothing is noted, which is less than gateways may be silent; nobody was away for a whole minute."""
    queue = works.queue(idle_timeout_seconds=60, **NOBODY_IS_LET_IN)
    works.append(people(queue, 1))
    for seconds in [*[5] * 9, 25, 0]:
        works.append([sent(queue, NotePresence(queue_id=queue.id, entry_ids=(), listened=True))])
        few_rounds(works)
        works.advance(f"{seconds} seconds")
    if works.value("SELECT status FROM queue_entry WHERE queue_id = %s", queue.id) != "QUEUED":
        yield "who could not be noted is turned away"


def a_knock_goes_in_a_circle(works: Works) -> Iterator[str]:
    """A knock makes another one, whenever it is decided."""
    queue = works.queue(**NOBODY_IS_LET_IN)

    def circles(work: Work, one: Envelope[Any], times: Times) -> Reply | Refused:
        work.save(Decision(Reply(), follow_ups=(KnockQueue(queue_id=queue.id),)))
        return Reply()

    works.append([knock(queue)])
    with knocks_that(circles):
        few_rounds(works)
        few_rounds(works)
    if works.waiting():
        yield FOR_EVER


def somebody_holds_what_is_past_its_term(works: Works) -> Iterator[str]:
    """The janitor comes while somebody has one of two old pages in hand."""
    for queue in (works.queue(**NOBODY_IS_LET_IN), works.queue(**NOBODY_IS_LET_IN)):
        works.append(people(queue, 1))
        works.settle()
    works.advance("25 hours")
    engine = works.database.engine(MAINTENANCE, pool=1)
    with works.owner.connect() as holding:
        holding.exec_driver_sql("SELECT FROM journal ORDER BY at LIMIT 1 FOR UPDATE").all()
        try:
            with engine.begin() as connection:
                assert REPLIES.slice(connection, ledger_now(connection)) == 1
        except AWAY:
            yield "the janitor waits for whoever has something in hand"
    engine.dispose()


def the_store_flaps_while_one_is_tried(works: Works) -> Iterator[str]:
    """Postgres ends the connection in the middle of every careful try, more often than a command may be tried."""
    queue = works.queue(**NOBODY_IS_LET_IN)

    def is_ended(work: Work, one: Envelope[Any], times: Times) -> Reply | Refused:
        work.connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())").all()
        return Reply()

    works.append([knock(queue)])
    with knocks_that(is_ended):
        for _ in range(careful.TRIES + 2):
            with suppress(*AWAY):
                careful.oldest_batch(works.drain, place_of(queue))
    few_rounds(works)
    yield from lying_about(works)


_LOOK = "    with self.ledger.opened() as connection:\n        return command_log.waits(connection, place)"
_LOOK_FIRST = """
    with self.ledger.opened() as connection:
        found = command_log.waits(connection, place)
    self.bell.lower(place.topic, place.part)
    return found"""
GUARDS = (
    Guard(
        "a waiter before the append",
        "No answer comes before somebody waits for it.",
        ("an answer that comes at once is not heard",),
        an_answer_comes_at_once,
        rewritten(
            Gateway,
            "ask",
            ("self.clock.now(), self.replies.expect(sent)", "self.clock.now(), None"),
            (
                "None if asked.respond_async else future)",
                "None); await sending.appended(); future = self.replies.expect(sent)",
            ),
        ),
    ),
    Guard(
        "the bell is lowered before the last look",
        "A ring that a leaving drain does not hear sends a message, or is found by its last look.",
        (LYING,),
        somebody_rings_while_the_bell_is_lowered,
        rewritten(
            Drain,
            "_stays",
            ("        self.bell.lower(place.topic, place.part)\n", ""),
            (_LOOK, _LOOK_FIRST.lstrip("\n")),
        ),
    ),
    Guard(
        "a late look judges nobody",
        "Nobody is turned away as idle for a time in which the house itself stood still.",
        ("who could not be noted is turned away",),
        the_house_stands_still_for_a_while,
        rewritten(idling, "look_for_idle", ("due + PUNCTUAL < times.now", "False")),
    ),
    Guard(
        "most hops",
        "Commands that make each other in a circle come to an end, and the operator is told.",
        (FOR_EVER,),
        a_knock_goes_in_a_circle,
        rewritten(Work, "follow", ("if taken <= MOST_HOPS", "if True")),
    ),
    Guard(
        "lost tries are taken back",
        "A store that goes away again and again in the middle of careful tries buries nobody.",
        (BURIED,),
        the_store_flaps_while_one_is_tried,
        rewritten(Spared, "lost", ("self.owe(batch)", "pass")),
    ),
    Guard(
        "the janitor passes by",
        "What somebody has in hand is cleared another time, and the janitor waits for nobody.",
        ("the janitor waits for whoever has something in hand",),
        somebody_holds_what_is_past_its_term,
        rewritten(Duty, "slice", ("self.statement,", "self.statement.replace(' SKIP LOCKED', ''),")),
    ),
)
