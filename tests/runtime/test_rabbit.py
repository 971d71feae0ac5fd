"""Rings through RabbitMQ: whatever it does, whoever rings waits a second at most."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest
from dramatiq import DramatiqError, Message
from pydantic import ValidationError

from runtime.broker import BROKERS, broker_at
from runtime.rabbit import QUEUE, RING_SECONDS, RabbitRinger
from runtime.settings import Settings
from runtime.spokesman import UnansweredError
from tests.support.rabbit import Rabbit, running_rabbit
from tests.support.servers import wait_until

AT_ONCE = 0.1
TOPIC = "queue"


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


def ring(ringer: RabbitRinger) -> None:
    """One ring."""
    ringer.enqueue(Message(TOPIC, "drain_queue", (TOPIC, 1), {}, {}))


def taken(ask: Callable[[], object]) -> float:
    """The seconds that it takes to be told no."""
    began = time.monotonic()
    with pytest.raises(UnansweredError):
        ask()
    return time.monotonic() - began


def rings(ringer: RabbitRinger) -> bool:
    """Whether a ring gets through."""
    try:
        ring(ringer)
    except DramatiqError:
        return False
    return True


def test_a_ring_lies_in_its_queue_until_it_is_heard(ringer: RabbitRinger) -> None:
    assert ringer.waiting(TOPIC) == 0
    ring(ringer)
    assert ringer.waiting(TOPIC) == 1
    consumer = ringer.consume(TOPIC)
    heard = next(consumer)
    consumer.close()
    assert heard is not None
    assert heard.args == (TOPIC, 1)


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


def test_nobody_waits_for_a_node_in_alarm_longer_than_a_second(rabbit: Rabbit, ringer: RabbitRinger) -> None:
    ring(ringer)
    assert ringer.takes_rings()
    rabbit.alarm(on=True)
    try:
        assert taken(lambda: ring(ringer)) < RING_SECONDS + AT_ONCE
        assert taken(lambda: ring(ringer)) < AT_ONCE
        assert taken(ringer.takes_rings) < AT_ONCE
    finally:
        rabbit.alarm(on=False)
    wait_until(lambda: rings(ringer))
    assert ringer.takes_rings()


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


def test_a_node_that_was_killed_is_rung_again_when_it_is_back(rabbit: Rabbit, ringer: RabbitRinger) -> None:
    ring(ringer)
    rabbit.kill()
    assert taken(lambda: ring(ringer)) < AT_ONCE
    assert taken(ringer.takes_rings) < AT_ONCE
    rabbit.start()
    wait_until(lambda: rings(ringer))
    assert ringer.takes_rings()


def test_nothing_is_delayed_by_the_broker(ringer: RabbitRinger) -> None:
    with pytest.raises(ValueError, match="timers are rows"):
        ringer.enqueue(Message(TOPIC, "drain_queue", (TOPIC, 1), {}, {}), delay=1)


def test_a_scheme_that_no_broker_has_is_refused() -> None:
    with pytest.raises(ValueError, match="may begin with redis, rediss, unix, amqp, amqps"):
        broker_at("kafka://127.0.0.1")


@pytest.mark.parametrize("scheme", sorted(BROKERS))
def test_settings_take_every_scheme_that_a_broker_has_and_no_other(scheme: str) -> None:
    assert Settings(broker_url=f"{scheme}://somewhere").broker_url == f"{scheme}://somewhere"
    assert not Settings(broker_url="").broker_url
    with pytest.raises(ValidationError):
        Settings(broker_url=f"x{scheme}://somewhere")
