"""Guards of deciding once: whatever comes again under its id or its key is told the first outcome, which is in the ledger."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from uuid import uuid4

import redis

import workers.decide
from domain.queue.commands import CreateQueue, KnockQueue, LeaveQueue, PauseQueue, ResumeQueue
from domain.queue.config import QueueConfig
from domain.queue.rules import entering as entering_rules
from domain.queue.rules import running
from runtime.broker import redis_client
from store import dead
from store.database import AWAY
from tests.controls.guard import Guard
from tests.controls.removing import rewritten
from tests.controls.scenes import (
    COUNTS,
    TWICE,
    TWO_TICKETS,
    few_rounds,
    raises,
    refused,
    wrong_with,
)
from tests.support.database import PARTITIONS
from tests.support.factories import entering, sent
from tests.support.faults import knocks_that
from tests.support.servers import wait_until
from tests.support.works import Works, place_of
from workers.drain import Drain

AGAIN = "a repeat does it again"
_DIES_AT_COMMIT = """
CREATE FUNCTION dies() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER dies AFTER INSERT ON journal DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION dies()"""


def twice_in_one_batch(works: Works) -> Iterator[str]:
    """A batch holds the same call two times."""
    queue = works.queue()
    one = sent(queue, PauseQueue(queue_id=queue.id), keyed="a body")
    works.append([one, one])
    works.settle()
    yield from wrong_with(works, queue, one)


def again_after_leaving(works: Works) -> Iterator[str]:
    """A call that joins is sent again, long after the person has left."""
    queue = works.queue()
    one = entering(queue)
    works.append([one])
    works.settle()
    works.append([sent(queue, LeaveQueue(queue_id=queue.id, consumer_id=one.body.consumer_id))])
    works.settle()
    works.append([one])
    few_rounds(works)
    yield from wrong_with(works, queue)


def a_queue_is_made_twice(works: Works) -> Iterator[str]:
    """The answer to a call that makes a queue is lost, and it is sent again."""
    under = works.queue()
    own_id = uuid4()
    command = CreateQueue(
        queue_id=own_id, sequence_id=under.sequence_id, config=QueueConfig(name="Door", admit_rate=60)
    )
    made = replace(under, id=own_id)
    for one in (sent(under, command, command_id=own_id), entering(made), sent(under, command, command_id=own_id)):
        works.append([one])
        works.settle()
    yield from wrong_with(works, made)


def again_under_its_key(works: Works) -> Iterator[str]:
    """A call under a key was decided and undone; then it comes once more."""
    queue = works.queue()
    pause = sent(queue, PauseQueue(queue_id=queue.id), keyed="a body")
    for one in (pause, sent(queue, ResumeQueue(queue_id=queue.id)), pause):
        works.append([one])
        works.settle()
    if works.value("SELECT pause FROM queue WHERE id = %s", queue.id) is not None:
        yield AGAIN


def another_body_under_a_key(works: Works) -> Iterator[str]:
    """A key is used again for something else."""
    queue = works.queue()
    one = sent(queue, PauseQueue(queue_id=queue.id), keyed="a body")
    other = sent(queue, PauseQueue(queue_id=queue.id, reason="rain"), command_id=one.id, keyed="another body")
    works.append([one])
    works.settle()
    with redis_client(works.redis_url) as client, client.pubsub(ignore_subscribe_messages=True) as channel:
        channel.subscribe("replies:tests")
        works.append([other])
        works.settle()
        if b"IDEMPOTENCY_KEY_REUSED" not in _heard(channel):
            yield "another body is told the outcome of the first"


def _heard(channel: redis.client.PubSub) -> bytes:
    found = list[bytes]()

    def something() -> bool:
        message = channel.get_message(timeout=0.1)
        found.extend([message["data"]] if message else [])
        return bool(found)

    wait_until(something)
    return found[0]


def retried_by_the_operator(works: Works) -> Iterator[str]:
    """A call broke, its reason was mended, and the operator sends it again."""
    queue = works.queue()
    one = sent(queue, KnockQueue(queue_id=queue.id), keyed="a body")
    works.append([one])
    with knocks_that(raises):
        works.settle()
    with works.owner.begin() as connection:
        dead.retry(connection, one.id, PARTITIONS)
    works.settle()
    if refused(works, queue, one) is not None:
        yield "what was mended is never decided"


def the_commit_fails(works: Works) -> Iterator[str]:
    """The connection breaks at the commit of a drain."""
    queue = works.queue()
    works.rows(_DIES_AT_COMMIT)
    works.append([entering(queue)])
    with redis_client(works.redis_url) as client, client.pubsub(ignore_subscribe_messages=True) as channel:
        channel.subscribe("replies:tests")
        with suppress(*AWAY):
            works.drain.round(place_of(queue))
        client.publish("replies:tests", b"the end")
        if _heard(channel) != b"the end":
            yield "an answer is told of what is not in the ledger"


GUARDS = (
    Guard(
        "one outcome for each id in a drain",
        "A command that is twice in a batch is decided once.",
        (TWICE,),
        twice_in_one_batch,
        rewritten(workers.decide, "decide", ("told[one.sent.id] = ", "")),
    ),
    Guard(
        "a command finds what it made",
        "A call that joins, sent again under its id, finds its participation, whatever has become of it.",
        (COUNTS, TWO_TICKETS),
        again_after_leaving,
        rewritten(entering_rules, "enter", ("if entry.id == command_id", "if False")),
    ),
    Guard(
        "a queue is found by the command that made it",
        "A call that makes a queue, sent again under its id, finds the queue.",
        (COUNTS,),
        a_queue_is_made_twice,
        rewritten(running, "create", ("if made is not None:", "if False:")),
    ),
    Guard(
        "stored outcome of a key",
        "A call under a key that was decided once is never decided again.",
        (AGAIN,),
        again_under_its_key,
        rewritten(workers.decide, "preload", ("for one in taken if one.sent.keyed or", "for one in taken if")),
    ),
    Guard(
        "fingerprint of a key",
        "A key that is used for another body is refused.",
        ("another body is told the outcome of the first",),
        another_body_under_a_key,
        rewritten(workers.decide, "_again", ("if sent.keyed is not None and", "if False and")),
    ),
    Guard(
        "that it broke is no outcome",
        "A command that broke is decided anew when it comes again.",
        ("what was mended is never decided",),
        retried_by_the_operator,
        rewritten(workers.decide, "preload", (" and not journal.is_open(row.reply)", "")),
    ),
    Guard(
        "told after the commit",
        "No answer leaves before what it tells has been committed.",
        ("an answer is told of what is not in the ledger",),
        the_commit_fails,
        rewritten(Drain, "_round", ("connection.commit()", "self.tell(told); connection.commit()")),
    ),
)
