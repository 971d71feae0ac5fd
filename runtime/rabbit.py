"""Rings by classic queues in RabbitMQ.

Whatever RabbitMQ does to a ring, it costs latency only, so nothing here waits for it long: one thread of a process talks,
and whoever rings gives it a second.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

import pika
from dramatiq import Message
from dramatiq.broker import Consumer
from dramatiq.brokers.rabbitmq import RabbitmqBroker, _RabbitmqConsumer
from dramatiq.middleware import Middleware
from pika.exceptions import AMQPConnectionError, AMQPError, ChannelClosedByBroker, NackError, UnroutableError

from runtime.ringer import Ringer, at_once, middleware
from runtime.spokesman import DeclinedError, Spokesman, UnansweredError

RING_SECONDS, PROBE_SECONDS = 1.0, 0.25
DECLARE_SECONDS = 5.0
HEARTBEAT_SECONDS = 10
SOCKET_SECONDS = ANSWER_SECONDS = 2
QUEUE = {"x-queue-type": "classic", "x-max-length": 1_000}
NOT_FOUND = 404
DECLINED = (ChannelClosedByBroker, UnroutableError, NackError)
_NOWHERE = ""
_WAKES_MS = 250
Answer = TypeVar("Answer")


class Listener(_RabbitmqConsumer):
    """Takes rings from one queue."""

    def close(self) -> None:
        """Let the connection go, soon. ConnectionClosed when there was nobody to say farewell to."""
        if self.connection.is_open:
            _ends_soon(self.connection)
        super().close()  # type: ignore[no-untyped-call] # dramatiq's class is not annotated


class RabbitRinger(Ringer, RabbitmqBroker):
    """dramatiq's broker, with every publish confirmed, and all of them by one thread over one connection.

    `url` is `amqp://user:password@host:port/vhost`, several of them separated by semicolons for a cluster. The queues are
    classic ones, because a ring need not outlive its node, and a queue without a log of its own comes back with its node
    whenever that was killed. They are durable, because RabbitMQ 4.3 lets nobody share others; the rings in them are not.
    They hold a thousand rings at most, and forget the oldest. Their arguments are part of what a vhost holds: whoever
    changes them deletes the queues first, which loses nothing. There are no delayed messages and no dead letters: timers
    are rows, and a ring that failed is rung again by the sweeper.
    """

    def __init__(self, url: str, *extra: Middleware) -> None:
        super().__init__(url=url, confirm_delivery=True, middleware=middleware(*extra))
        for parameters in _listed(self.parameters):
            parameters.heartbeat = HEARTBEAT_SECONDS
            parameters.socket_timeout = parameters.stack_timeout = SOCKET_SECONDS
            parameters.blocked_connection_timeout = ANSWER_SECONDS
            parameters.tcp_options = {"TCP_USER_TIMEOUT": SOCKET_SECONDS * 1_000}
        logging.getLogger("pika").setLevel(logging.CRITICAL)  # because whoever rings says what went wrong, in one line
        self._spokesman = Spokesman("rabbitmq", self._show_life, HEARTBEAT_SECONDS / 4)

    def declare_queue(self, queue_name: str, *, ensure: bool = False) -> None:
        """Take a queue into what is declared; `ensure` makes it on the server. UnansweredError when that cannot be."""
        if queue_name not in self.queues:
            self.emit_before("declare_queue", queue_name)
            self.queues.add(queue_name)
            self.queues_pending.add(queue_name)
            self.emit_after("declare_queue", queue_name)
        if ensure:
            self._asked(partial(self._declare, queue_name), DECLARE_SECONDS)

    @property
    def consumer_class(self) -> type[Consumer]:
        """Who takes the rings."""
        return Listener

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 5000) -> Consumer:
        """Take rings from a queue, over a connection of its own. They come by themselves, so nobody wakes to ask for them."""
        return super().consume(queue_name, prefetch, max(timeout, _WAKES_MS))

    def enqueue(self, message: Message[Any], *, delay: int | None = None) -> Message[Any]:
        """Send a ring, confirmed within a second. UnansweredError: it may have been sent or not."""
        at_once(delay)
        self._asked(partial(self._publish_to, message.queue_name, message.encode()))
        return message

    def waiting(self, queue: str) -> int:
        """How many rings are ready in the queue; none where it does not exist."""
        return self._asked(partial(self._count, queue))

    def takes_rings(self, queue: str, /) -> bool:
        """Whether RabbitMQ confirms a message, has this queue and knows of somebody who listens to it, in a quarter of a second.

        It is asked for all three, because a node in alarm answers everything and takes no message, a queue whose node of the
        cluster is away is not there while the others are, and a ring that nobody hears is of no use. A queue that was deleted
        is made again on the way.
        """
        return self._asked(partial(self._is_heard, queue), PROBE_SECONDS)

    def close(self) -> None:
        """Send what was asked, and let the connection go, in three seconds at most, because a frozen node says no farewell."""
        with suppress(UnansweredError):
            self._spokesman.run(self._leave, RING_SECONDS)
        self._spokesman.stop(2 * RING_SECONDS)

    def _asked(self, errand: Callable[[], Answer], seconds: float = RING_SECONDS) -> Answer:
        return self._spokesman.run(partial(self._lately, errand), seconds)

    def _declare(self, queue: str) -> None:
        if queue in self.queues_pending:
            self._listeners(queue)
            self.queues_pending.discard(queue)

    def _listeners(self, queue: str) -> int:
        """How many listen to the queue, which is made where it is not."""
        declared = self.channel.queue_declare(queue, durable=True, arguments=QUEUE)
        return int(declared.method.consumer_count)

    def _is_heard(self, queue: str) -> bool:
        self.channel.basic_publish("", _NOWHERE, b"")  # is confirmed and forgotten, so that nobody has to answer it
        return self._listeners(queue) > 0

    def _publish_to(self, queue: str, body: bytes) -> None:
        self._declare(queue)
        try:
            self.channel.basic_publish("", queue, body, mandatory=True)
        except UnroutableError:
            self._listeners(queue)  # because somebody has deleted it
            self.channel.basic_publish("", queue, body, mandatory=True)

    def _count(self, queue: str) -> int:
        try:
            declared = self.channel.queue_declare(queue, passive=True)
        except ChannelClosedByBroker as closed:
            if closed.reply_code != NOT_FOUND:
                raise
            del self.channel
            self.queues_pending.add(queue)
            return 0
        return int(declared.method.message_count)

    def _lately(self, errand: Callable[[], Answer]) -> Answer:
        """Run an errand; once more over a new connection, because the server may have closed the old one meanwhile."""
        until = time.monotonic() + RING_SECONDS
        try:
            return self._bounded(errand)
        except DeclinedError:
            raise
        except Exception:  # because a connection that broke in whatever way is of no more use
            self._let_go()
            if time.monotonic() > until:
                raise
        try:
            return self._bounded(errand)
        except Exception:
            self._let_go()
            raise

    def _bounded(self, errand: Callable[[], Answer]) -> Answer:
        """Run an errand; end the connection under it when that takes too long, because pika would wait for ever.

        DeclinedError: the server does not want it, so that another connection is of no use.
        """
        cancel = _ends_soon(self.connection)
        try:
            answer = errand()
        except DECLINED as no:
            del self.channel  # because the server may have closed it
            cancel()
            raise DeclinedError(repr(no)) from no
        cancel()
        return answer

    def _leave(self) -> None:
        if getattr(self.state, "connection", None) is not None:
            _ends_soon(self.connection)
            self._let_go()

    def _let_go(self) -> None:
        try:
            del self.connection
        except AMQPError:
            self.logger.debug("a connection was gone before it was closed")

    def _show_life(self) -> None:
        """Answer heartbeats while nobody rings, or the server would take this process for dead."""
        if getattr(self.state, "connection", None) is not None:
            try:
                self.connection.process_data_events(0)
            except AMQPError:
                self._let_go()


def _ends_soon(connection: pika.BlockingConnection) -> Callable[[], None]:
    """End a connection under whoever waits for it too long; returns how to take that back.

    pika itself has a bound for nodes in alarm, and none for what does not answer.
    """
    inside = connection._impl  # noqa: SLF001
    end = partial(inside._terminate_stream, AMQPConnectionError("no answer"))  # noqa: SLF001
    return partial(inside.ioloop.remove_timeout, inside.ioloop.call_later(ANSWER_SECONDS, end))


def _listed(parameters: Any) -> list[pika.URLParameters]:
    """What dramatiq keeps: the parameters of one server, or a list of them."""
    return parameters if isinstance(parameters, list) else [parameters]
