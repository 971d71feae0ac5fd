"""Queues, as the organization runs them."""

from __future__ import annotations

from typing import Final

from api_gateway.admin.running import Asked, Running, Words, running_router
from api_gateway.http.partial import changes_of
from api_gateway.shapes.common import Listing
from api_gateway.shapes.queues import KeptQueue, ResumeBody
from api_gateway.views import kept_queue, queue_read
from domain.queue.commands import ArchiveQueue, CreateQueue, KillQueue, PauseQueue, ResumeQueue, UpdateQueue
from domain.queue.config import NewQueue, QueueConfig
from store.reads import queues

QUEUES: Final = Running(
    name="queue", plural="queues", missing="QUEUE_NOT_FOUND", shape=KeptQueue, listing=Listing[KeptQueue],
    config=QueueConfig, new=NewQueue, changes=changes_of(QueueConfig, "QueueChanges"), resume_body=ResumeBody, kept=queues,
    asked=Asked(
        create=lambda own_id, sequence_id, config: CreateQueue(queue_id=own_id, sequence_id=sequence_id, config=config),
        update=lambda own_id, **said: UpdateQueue(queue_id=own_id, **said),
        archive=lambda own_id, **said: ArchiveQueue(queue_id=own_id, **said),
        pause=lambda own_id, **said: PauseQueue(queue_id=own_id, **said),
        resume=lambda own_id, **said: ResumeQueue(queue_id=own_id, **said),
        kill=lambda own_id, **said: KillQueue(queue_id=own_id, **said),
    ),
    words=Words(
        create="A queue under a sequence. Its order is committed to from now on.",
        update="Some settings; those that people rely on by now are frozen.",
        archive="Take a queue out of the lists; not while somebody waits or is inside.",
        pause="Hold back grants, entries, or both. Live grants run on.",
        kill="End a queue for good. Whoever waits is turned away.",
    ),
    read=queue_read, shown=kept_queue,
)  # fmt: skip
router = running_router(QUEUES)
