"""Rings by quorum queues in RabbitMQ.

Whatever RabbitMQ does to a ring, it costs latency only, so nothing here waits for it long: one thread of a process talks,
and whoever rings gives it a second.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import pika
from dramatiq import Message
from dramatiq.broker import Consumer
from dramatiq.brokers.rabbitmq import RabbitmqBroker
from dramatiq.middleware import Middleware
from pika.exceptions import AMQPConnectionError, AMQPError, ChannelClosedByBroker, UnroutableError

from runtime.ringer import Ringer, middleware
from runtime.spokesman import Spokesman

RING_SECONDS, PROBE_SECONDS = 1.0, 0.25
DECLARE_SECONDS = 5.0
HEARTBEAT_SECONDS = 10
SOCKET_SECONDS = ANSWER_SECONDS = 2
QUEUE = {"x-queue-type": "quorum", "x-max-length": 1_000}
NOT_FOUND = 404
_PROBE = "probe"
_WAKES_MS = 250
Answer = TypeVar("Answer")


class RabbitRinger(Ringer, RabbitmqBroker):
    """dramatiq's broker, with every publish confirmed, and all of them by one thread over one connection.

    `url` is `amqp://user:password@host:port/vhost`, several of them separated by semicolons for a cluster. The queues are
    quorum queues, because any other one goes with its node; they hold a thousand rings at most, and forget the oldest.
    Their arguments are part of what a vhost holds: whoever changes them deletes the queues first, which loses nothing.
    There are no delayed messages and no dead letters: timers are rows, and a ring that failed is rung again by the sweeper.
    """

    def __init__(self, url: str, *extra: Middleware) -> None:
        super().__init__(url=url, confirm_delivery=True, middleware=middleware(*extra))
        for parameters in _listed(self.parameters):
            parameters.heartbeat = HEARTBEAT_SECONDS
            parameters.socket_timeout = parameters.stack_timeout = SOCKET_SECONDS
            parameters.blocked_connection_timeout = ANSWER_SECONDS
            parameters.tcp_options = {"TCP_USER_TIMEOUT": SOCKET_SECONDS * 1_000}
        logging.getLogger("pika").setLevel(logging.CRITICAL)  # because whoever rings says what went wrong, in one line
        self.queues_pending.add(_PROBE)
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

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 5000) -> Consumer:
        """Take rings from a queue, over a connection of its own. They come by themselves, so nobody wakes to ask for them."""
        return super().consume(queue_name, prefetch, max(timeout, _WAKES_MS))

    def enqueue(self, message: Message[Any], *, delay: int | None = None) -> Message[Any]:
        """Send a ring, confirmed within a second. UnansweredError: it may have been sent or not."""
        if delay is not None:
            raise ValueError("nothing is delayed by the broker: timers are rows")
        self._asked(partial(self._publish_to, message.queue_name, message.encode()))
        return message

    def waiting(self, queue: str) -> int:
        """How many rings are ready in the queue; none where it does not exist."""
        return self._asked(partial(self._count, queue))

    def takes_rings(self) -> bool:
        """Whether RabbitMQ confirms a message within a quarter of a second: a node in alarm answers everything else.

        It goes to a quorum queue like the others, because a node that has lost the rest of its cluster confirms nothing there.
        """
        self._asked(partial(self._publish_to, _PROBE, b""), PROBE_SECONDS)
        return True

    def close(self) -> None:
        """Send what was asked, and let the connections go."""
        self._spokesman.stop(2 * RING_SECONDS)
        super().close()

    def _asked(self, errand: Callable[[], Answer], seconds: float = RING_SECONDS) -> Answer:
        return self._spokesman.run(partial(self._lately, errand), seconds)

    def _declare(self, queue: str) -> None:
        if queue in self.queues_pending:
            self.channel.queue_declare(queue, durable=True, arguments=QUEUE)
            self.queues_pending.discard(queue)

    def _publish_to(self, queue: str, body: bytes) -> None:
        self._declare(queue)
        try:
            self.channel.basic_publish("", queue, body, pika.BasicProperties(delivery_mode=2), mandatory=True)
        except UnroutableError:
            self.queues_pending.add(queue)  # because somebody has deleted it
            raise

    def _count(self, queue: str) -> int:
        try:
            declared = self.channel.queue_declare(queue, passive=True)
        except ChannelClosedByBroker as closed:
            self._let_go()
            if closed.reply_code != NOT_FOUND:
                raise
            self.queues_pending.add(queue)
            return 0
        return int(declared.method.message_count)

    def _lately(self, errand: Callable[[], Answer]) -> Answer:
        """Run an errand; once more over a new connection, because the server may have closed the old one meanwhile."""
        until = time.monotonic() + RING_SECONDS
        try:
            return self._bounded(errand)
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
        """Run an errand; end the connection under it when that takes too long, because pika would wait for ever."""
        inside = self.connection._impl  # noqa: SLF001 (pika has a bound for nodes in alarm, and none for queues that do not answer)
        end = partial(inside._terminate_stream, AMQPConnectionError("no answer"))  # noqa: SLF001
        bound = inside.ioloop.call_later(ANSWER_SECONDS, end)
        answer = errand()
        inside.ioloop.remove_timeout(bound)
        return answer

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


def _listed(parameters: Any) -> list[pika.URLParameters]:
    """What dramatiq keeps: the parameters of one server, or a list of them."""
    return parameters if isinstance(parameters, list) else [parameters]
