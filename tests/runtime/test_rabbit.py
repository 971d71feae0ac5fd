"""Rings through RabbitMQ: whatever it does, whoever rings waits a second at most."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial

import pytest
from dramatiq import DramatiqError, Message
from dramatiq.broker import Consumer
from dramatiq.errors import ConnectionClosed
from pydantic import ValidationError

from runtime.broker import BROKERS, broker_at
from runtime.rabbit import QUEUE, RING_SECONDS, RabbitRinger
from runtime.settings import Settings
from runtime.spokesman import DeclinedError, UnansweredError
from tests.support.rabbit import Rabbit, running_rabbit
from tests.support.servers import wait_until

AT_ONCE = 0.4
ENDS_IN = 5.0
TOPIC, OTHERS = "queue", ("admin", "people", "mail", "draw", "auction")


@pytest.fixture(scope="module")
def rabbit() -> Iterator[Rabbit]:
    """A node for all of them."""
    with running_rabbit() as node:
        yield node


@pytest.fixture
def ringer(rabbit: Rabbit) -> Iterator[RabbitRinger]:
    """A process's ringer, on an empty node."""
    broker = broker_at(rabbit.url)
    assert isinstance(broker, RabbitRinger)
    broker.declare_queue(TOPIC, ensure=True)
    with rabbit.talking() as channel:
        channel.queue_purge(TOPIC)
    yield broker
    broker.close()


@pytest.fixture
def listener(ringer: RabbitRinger) -> Iterator[Consumer]:
    """Somebody who listens to the topic."""
    consumer = listening(ringer)
    yield consumer
    consumer.close()


def listening(ringer: RabbitRinger) -> Consumer:
    """A consumer of the topic, which has heard every ring that lay there."""
    consumer = ringer.consume(TOPIC, timeout=0)
    for heard in consumer:
        if heard is None:
            break
        consumer.ack(heard)
    return consumer


def ring(ringer: RabbitRinger, topic: str = TOPIC) -> None:
    """One ring."""
    ringer.enqueue(Message(topic, f"drain_{topic}", (topic, 1), {}, {}))


def heard(ringer: RabbitRinger, topic: str) -> object:
    """What the next ring of a topic says, to somebody who comes for it."""
    consumer = ringer.consume(topic, timeout=int(ENDS_IN * 1_000))
    message = next(consumer)
    consumer.close()
    return None if message is None else message.args


def taken(ask: Callable[[], object]) -> float:
    """The seconds that it takes to be told no."""
    began = time.monotonic()
    with pytest.raises(UnansweredError):
        ask()
    return time.monotonic() - began


def rings(ringer: RabbitRinger, topic: str = TOPIC) -> bool:
    """Whether a ring gets through."""
    try:
        ring(ringer, topic)
    except DramatiqError:
        return False
    return True


def test_a_ring_lies_in_its_queue_until_it_is_heard(ringer: RabbitRinger) -> None:
    assert ringer.waiting(TOPIC) == 0
    ring(ringer)
    assert ringer.waiting(TOPIC) == 1
    assert heard(ringer, TOPIC) == (TOPIC, 1)


def test_a_ring_that_nobody_would_hear_counts_as_none(ringer: RabbitRinger) -> None:
    assert not ringer.takes_rings(TOPIC)
    consumer = listening(ringer)
    assert ringer.takes_rings(TOPIC)
    consumer.close()
    assert not ringer.takes_rings(TOPIC)
    assert ringer.waiting(TOPIC) == 0


def test_whoever_asks_whether_a_deleted_queue_takes_rings_makes_it_again(rabbit: Rabbit, ringer: RabbitRinger) -> None:
    with rabbit.talking() as channel:
        channel.queue_delete(TOPIC)
        assert not ringer.takes_rings(TOPIC)
        channel.queue_declare(TOPIC, passive=True)
    ring(ringer)
    assert heard(ringer, TOPIC) == (TOPIC, 1)


def test_a_queue_that_takes_no_rings_says_so_and_keeps_no_other_from_being_rung(
    rabbit: Rabbit, ringer: RabbitRinger, listener: Consumer
) -> None:
    ringer.declare_queue("strange")
    with rabbit.talking() as channel:
        channel.queue_declare("strange", durable=True, arguments={"x-max-length": 1})
        for _ in range(10):
            with pytest.raises(DeclinedError, match="406"):
                ringer.takes_rings("strange")
            with pytest.raises(DeclinedError, match="406"):
                ring(ringer, "strange")
            ring(ringer)
            assert ringer.takes_rings(TOPIC)
        channel.queue_delete("strange")
    ring(ringer, "strange")
    assert len(ringer.connections) == 1


def test_a_queue_that_somebody_deleted_is_made_again_by_the_next_ring(rabbit: Rabbit, ringer: RabbitRinger) -> None:
    ring(ringer)
    with rabbit.talking() as channel:
        channel.queue_delete(TOPIC)
    assert ringer.waiting(TOPIC) == 0
    ring(ringer)
    assert ringer.waiting(TOPIC) == 1
    with rabbit.talking() as channel:
        channel.queue_delete(TOPIC)
    ring(ringer)
    assert ringer.waiting(TOPIC) == 1


def test_a_queue_keeps_so_many_rings_and_forgets_the_oldest(ringer: RabbitRinger) -> None:
    for _ in range(QUEUE["x-max-length"] + 5):
        ring(ringer)
    assert ringer.waiting(TOPIC) == QUEUE["x-max-length"]


def test_all_threads_of_a_process_ring_over_one_connection(ringer: RabbitRinger) -> None:
    threads = [threading.Thread(target=ring, args=(ringer,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ringer.connections) == 1
    assert ringer.waiting(TOPIC) == 8


def test_nobody_waits_for_a_node_in_alarm_longer_than_a_second(
    rabbit: Rabbit, ringer: RabbitRinger, listener: Consumer
) -> None:
    ring(ringer)
    assert ringer.takes_rings(TOPIC)
    rabbit.alarm(on=True)
    try:
        assert taken(lambda: ring(ringer)) < RING_SECONDS + AT_ONCE
        assert taken(lambda: ring(ringer)) < AT_ONCE
        assert taken(lambda: ringer.takes_rings(TOPIC)) < AT_ONCE
    finally:
        rabbit.alarm(on=False)
    wait_until(lambda: rings(ringer))
    assert ringer.takes_rings(TOPIC)


def test_nobody_waits_for_a_frozen_node_longer_than_a_second(rabbit: Rabbit, ringer: RabbitRinger) -> None:
    ring(ringer)
    rabbit.freeze()
    try:
        assert taken(lambda: ring(ringer)) < RING_SECONDS + AT_ONCE
        assert taken(lambda: ring(ringer)) < AT_ONCE
        assert taken(lambda: ringer.waiting(TOPIC)) < AT_ONCE
    finally:
        rabbit.thaw()
    wait_until(lambda: rings(ringer))


def test_whoever_leaves_waits_for_a_frozen_node_not_for_long(rabbit: Rabbit, ringer: RabbitRinger) -> None:
    ring(ringer)
    listener = listening(ringer)
    rabbit.freeze()
    try:
        for one in (listener, ringer):
            began = time.monotonic()
            with suppress(ConnectionClosed):
                one.close()
            assert time.monotonic() - began < ENDS_IN
    finally:
        rabbit.thaw()


def test_a_node_that_was_killed_is_rung_again_when_it_is_back(rabbit: Rabbit, ringer: RabbitRinger) -> None:
    ring(ringer)
    rabbit.kill()
    assert taken(lambda: ring(ringer)) < AT_ONCE
    assert taken(lambda: ringer.takes_rings(TOPIC)) < AT_ONCE
    rabbit.start()
    wait_until(lambda: rings(ringer))
    assert heard(ringer, TOPIC) == (TOPIC, 1)


def test_queues_of_a_node_that_is_killed_at_once_after_making_them_are_rung_again(
    rabbit: Rabbit, ringer: RabbitRinger
) -> None:
    """A queue with a log of its own comes back without a leader then, and waits for an operator."""
    with rabbit.talking() as channel:
        for topic in OTHERS:
            channel.queue_delete(topic)
    for topic in OTHERS:
        ring(ringer, topic)
    rabbit.kill()
    rabbit.start()
    for topic in OTHERS:
        wait_until(partial(rings, ringer, topic))
        assert heard(ringer, topic) == (topic, 1)


def test_nothing_is_delayed_by_the_broker(ringer: RabbitRinger) -> None:
    with pytest.raises(ValueError, match="timers are rows"):
        ringer.enqueue(Message(TOPIC, "drain_queue", (TOPIC, 1), {}, {}), delay=1)


def test_a_scheme_that_no_broker_has_is_refused() -> None:
    with pytest.raises(ValueError, match="may begin with redis, rediss, unix, amqp, amqps"):
        broker_at("kafka://127.0.0.1")


@pytest.mark.parametrize("scheme", sorted(BROKERS))
def test_settings_take_every_scheme_that_a_broker_has_and_no_other(scheme: str) -> None:
    assert Settings(broker_url=f"{scheme}://somewhere").broker_url == f"{scheme}://somewhere"
    with pytest.raises(ValidationError):
        Settings(broker_url=f"x{scheme}://somewhere")
