"""A bell whose server hangs keeps a bounded number of rings, and nobody who rings waits."""

import time

import pytest
from dramatiq import Message

from runtime.bell import MOST_ASKED, Bell
from runtime.broker import RedisRinger, redis_client
from tests.support.servers import running_redis, wait_until

PAUSED_SECONDS = 20


def test_while_the_server_hangs_rings_are_dropped_and_whoever_rings_goes_on() -> None:
    with running_redis() as server, redis_client(server.url) as client, redis_client(server.url) as pausing:
        broker = RedisRinger(server.url)
        bell = Bell(client, broker, ["queue"])
        pausing.execute_command("CLIENT", "PAUSE", PAUSED_SECONDS * 1_000, "WRITE")
        began = time.monotonic()
        for part in range(3 * MOST_ASKED):
            bell.ring([("queue", part % 8)])
        assert time.monotonic() - began < PAUSED_SECONDS / 2
        assert bell._asked.qsize() == pytest.approx(MOST_ASKED, abs=8)
        pausing.execute_command("CLIENT", "UNPAUSE")
        bell.stop()
        wait_until(lambda: pausing.llen("drumroll:queue") == 8)
        broker.close()


def test_redis_has_no_queue_for_what_is_delayed_and_nothing_is() -> None:
    with running_redis() as server:
        broker = RedisRinger(server.url)
        broker.declare_queue("queue")
        assert (broker.get_declared_queues(), broker.get_declared_delay_queues()) == ({"queue"}, set())
        with pytest.raises(ValueError, match="timers are rows"):
            broker.enqueue(Message("queue", "drain_queue", ("queue", 1), {}, {}), delay=1)
        broker.close()
