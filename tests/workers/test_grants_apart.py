"""Live grants stand in a table of their own, so that giving one writes to no index of the long table of participations."""

from datetime import timedelta
from uuid import UUID, uuid4

from domain.command import SYSTEM_ACTOR, Command, Envelope
from domain.distribution.state import Scope
from domain.queue import commands as c
from domain.queue.state import Queue
from tests.support.database import TestDatabase
from tests.support.servers import wait_until
from tests.support.works import Works, works_on

PEOPLE, INSIDE = 100, 5
"""As many as a page of participations has room for anew, should all of them stand on one."""
_WRITTEN = (
    "SELECT n_tup_upd AS updated, n_tup_hot_upd AS in_place FROM pg_stat_user_tables WHERE relname = 'queue_entry'"
)


def send(works: Works, queue: Queue, *bodies: Command) -> None:
    """Append commands of nobody's, and decide them."""
    works.append([Envelope(uuid4(), queue.tenant_id, SYSTEM_ACTOR, uuid4(), body) for body in bodies])
    works.settle()


def let_in(works: Works) -> Queue:
    """A queue some of whose people have been let in."""
    soon = works.value("SELECT ledger_now()") + timedelta(minutes=1)
    early = soon - timedelta(hours=1)
    queue = works.queue(open_at=soon, entry_open_at=early, admit_rate=60_000, max_active_grants=INSIDE)
    send(works, queue, *(c.EnterQueue(queue_id=queue.id, consumer_id=uuid4()) for _ in range(PEOPLE)))
    works.advance("61 seconds")
    send(works, queue, c.KnockQueue(queue_id=queue.id))
    return queue


def live(works: Works) -> set[UUID]:
    """The participations whose grants are live."""
    return {row.id for row in works.rows("SELECT id FROM queue_grant")}


def test_whoever_is_let_in_is_written_in_place(store: TestDatabase, redis_server: str) -> None:
    with works_on(store, redis_server) as works:
        let_in(works)
        assert len(live(works)) == INSIDE
    with works_on(store, redis_server) as after:  # because a session has told what it wrote once it has ended
        wait_until(lambda: after.rows(_WRITTEN) == [(INSIDE, INSIDE)])


def test_a_grant_stands_there_until_it_ends_however_it_ends(works: Works) -> None:
    queue = let_in(works)
    send(works, queue, c.PauseQueue(queue_id=queue.id, scope=Scope.SERVICE))
    person = "SELECT consumer_id FROM queue_entry WHERE id = %s"
    used, denied, left, *others = sorted(live(works))
    send(
        works,
        queue,
        c.CompleteGrant(queue_id=queue.id, consumer_id=works.value(person, used), order_id="1"),
        c.DenyEntry(queue_id=queue.id, consumer_id=works.value(person, denied), reason="FRAUD"),
        c.LeaveQueue(queue_id=queue.id, consumer_id=works.value(person, left)),
    )
    assert live(works) == set(others)
    works.advance("1 day")
    send(works, queue, c.KnockQueue(queue_id=queue.id))
    assert live(works) == set()


def test_a_grant_that_a_shop_only_asks_about_is_not_written_again(works: Works) -> None:
    queue = let_in(works)
    written = "SELECT id, xmin::text, ctid::text FROM queue_grant ORDER BY id"
    before = works.rows(written)
    shown = works.rows("SELECT id, grant_id FROM queue_entry WHERE status = 'GRANTED' LIMIT 1")[0]
    send(works, queue, c.ValidateGrant(queue_id=queue.id, entry_id=shown.id, grant_id=shown.grant_id))
    assert works.value("SELECT validations FROM queue_entry WHERE id = %s", shown.id) == 1
    assert works.rows(written) == before
