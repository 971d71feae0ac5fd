"""The bell: wakes whoever drains a partition. It carries nothing, so it may be lost, doubled or late."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable

import dramatiq
import redis
import structlog
from dramatiq import Broker, Message

RING = """
local unheard = redis.call('SET', KEYS[1], '1', 'NX', 'PX', ARGV[1])
if redis.call('LLEN', KEYS[2]) == 0 then redis.call('LPUSH', KEYS[2], '1') end
redis.call('PEXPIRE', KEYS[2], ARGV[1])
return unheard and 1 or 0"""
BELL_MS = 1_000
LINGER_SECONDS = 0.3
MOST_ASKED = 1_000
UNHEARD = (redis.RedisError, dramatiq.DramatiqError, OSError)
"""What ringing raises where Redis or the broker does not hear: nothing is wrong but that nobody was woken."""

log = structlog.get_logger("bell")


def actor_of(topic: str) -> str:
    """The name of the actor that drains a topic."""
    return f"drain_{topic}"


class Bell:
    """Rings from a thread of its own, so that nobody who has just committed waits for Redis or the broker."""

    def __init__(self, client: redis.Redis, broker: Broker, topics: Iterable[str]) -> None:
        self._redis, self._broker = client, broker
        self._script = client.register_script(RING)
        self._held: dict[tuple[str, int], float] = {}
        self._asked: queue.SimpleQueue[tuple[str, int] | None] = queue.SimpleQueue()
        for topic in topics:
            broker.declare_queue(topic)
        self._thread = threading.Thread(target=self._ring_on, daemon=True, name="bell")
        self._thread.start()

    def ring(self, places: Iterable[tuple[str, int]]) -> None:
        """Wake the drain of each partition, soon; returns at once, and raises nothing.

        Of a thousand rings that wait for a server that hangs, the next is dropped: the sweeper finds what nobody was rung for.
        """
        for place in places:
            if self._asked.qsize() < MOST_ASKED:
                self._asked.put(place)

    def ring_now(self, topic: str, part: int) -> None:
        """Ring whatever the bell key says: for the sweeper, which comes when a bell went unheard. UNHEARD: so is this ring."""
        self._send(topic, part)

    def lingers(self, topic: str, part: int) -> bool:
        """Wait a little for the next nudge; whether one came. UNHEARD: Redis is away.

        While somebody lingers, a ring costs no message.
        """
        now = time.monotonic()
        if now - self._held.get((topic, part), float("-inf")) > BELL_MS / 3_000:
            self._redis.set(_bell(topic, part), b"1", px=BELL_MS)
            self._held[topic, part] = now
        return self._redis.blpop([_nudge(topic, part)], timeout=LINGER_SECONDS) is not None

    def lower(self, topic: str, part: int) -> None:
        """From now on a ring sends a message again. UNHEARD: Redis is away."""
        self._held.pop((topic, part), None)
        self._redis.delete(_bell(topic, part))

    def stop(self) -> None:
        """Ring what was asked, then end the thread."""
        self._asked.put(None)
        self._thread.join(timeout=2)

    def _ring_on(self) -> None:
        while (place := self._asked.get()) is not None:
            asked = {place} | set(self._all_asked())
            stop = None in asked
            for wanted in asked - {None}:
                if wanted is not None:
                    _quietly(self._ring_one, *wanted)
            if stop:
                return

    def _all_asked(self) -> Iterable[tuple[str, int] | None]:
        while not self._asked.empty():
            yield self._asked.get()

    def _ring_one(self, topic: str, part: int) -> None:
        if self._script(keys=[_bell(topic, part), _nudge(topic, part)], args=[BELL_MS]):
            self._send(topic, part)

    def _send(self, topic: str, part: int) -> None:
        self._broker.enqueue(
            Message(queue_name=topic, actor_name=actor_of(topic), args=(topic, part), kwargs={}, options={})
        )


def _quietly(ring: Callable[[str, int], None], topic: str, part: int) -> None:
    """A ring that fails is logged and forgotten: the sweeper finds what nobody was rung for."""
    try:
        ring(topic, part)
    except UNHEARD as failure:
        log.warning("bell.unheard", topic=topic, part=part, error=type(failure).__name__)


def _bell(topic: str, part: int) -> str:
    return f"bell:{topic}:{part}"


def _nudge(topic: str, part: int) -> str:
    return f"nudge:{topic}:{part}"
