"""Schedulers and deliverers die before and after every operation; what they left is done by the next, once."""

from collections import Counter
from collections.abc import Callable
from functools import partial
from uuid import UUID, uuid4

import pytest

from domain.decision import Timer
from domain.queue.commands import KnockQueue
from store import timers
from store.database import ledger_now
from store.roles import SCHEDULER, WORKER
from store.sweeping import sweep
from tests.support.crashes import Death, Seams, die_everywhere, in_child
from tests.support.database import PARTITIONS
from tests.support.factories import entering
from tests.support.owed_mail import bury, delivering, mail
from tests.support.receiver import Receiver, receiving
from tests.support.servers import wait_until
from tests.support.works import Works
from workers.firing import Firing
from workers.sweeper import Sweeper

pytestmark = pytest.mark.timeout(300)


def in_dying_scheduler(works: Works, death: Death, act: Callable[[Works, Seams], None]) -> int:
    """Do this in a process that dies; its exit status."""
    return in_child(lambda: act(works, Seams(death)))


def fire(works: Works, seams: Seams) -> None:
    """One step of the timers."""
    engine = works.database.engine(SCHEDULER, pool=1)
    with engine.connect():
        pass
    seams.watch_postgres()
    Firing(engine, PARTITIONS, lambda _: None)()


def fire_and_die(works: Works, death: Death) -> int:
    """Ten timers are due, a scheduler dies over them, another one comes."""
    works.rows("DELETE FROM command_log")
    due = [uuid4() for _ in range(10)]
    promise(works, due)
    status = in_dying_scheduler(works, death, fire)
    step = Firing(works.scheduler, PARTITIONS, lambda _: None)

    def fired() -> bool:
        step()
        return bool(works.value("SELECT count(*) FROM timer") == 0)

    wait_until(fired, seconds=30)
    appended = Counter(row.aggregate for row in works.rows("SELECT unnest(aggregates) AS aggregate FROM command_log"))
    assert appended == Counter(due)
    return status


def promise(works: Works, due: list[UUID]) -> None:
    """A knock for each of these queues is due."""
    engine, tenant = works.database.engine(WORKER, pool=1), uuid4()
    with engine.begin() as connection:
        now = ledger_now(connection)
        knocks = [Timer(one, "knock", now, KnockQueue(queue_id=one)) for one in due]
        timers.write(connection, [(tenant, knock) for knock in knocks])
    engine.dispose()


def test_a_scheduler_that_dies_anywhere_fires_every_timer_once(works: Works) -> None:
    assert die_everywhere(partial(fire_and_die, works)) >= 6


def sweep_in(works: Works, seams: Seams) -> None:
    """One sweep."""
    engine = works.database.engine(SCHEDULER, pool=1)
    with engine.connect():
        pass
    seams.watch_postgres()
    Sweeper(engine, lambda *_: None, None)()


def sweep_and_die(works: Works, death: Death) -> int:
    """A sweeper dies before it rang; the next one finds the same partition."""
    queue = works.queue()
    works.append([entering(queue)])
    works.advance("1 second")
    status = in_dying_scheduler(works, death, sweep_in)
    works.advance("1 second")

    def found() -> bool:
        with works.scheduler.begin() as connection:
            return sweep(connection, ledger_now(connection)) == works.waiting()

    wait_until(found, seconds=30)
    works.settle()
    return status


def test_a_sweeper_that_dies_anywhere_leaves_nobody_lying(works: Works) -> None:
    assert die_everywhere(partial(sweep_and_die, works)) >= 4


def deliver_in(works: Works, seams: Seams, receiver: Receiver) -> None:
    """Deliver what is due."""
    with delivering(works, receiver.url) as deliver:
        with deliver.engine.connect():
            pass
        seams.watch_postgres()
        seams.watch_smtp()
        deliver()


def deliver_and_die(works: Works, receiver: Receiver, death: Death) -> int:
    """A mail is owed, a deliverer dies over it, the sweeper notices and another one comes."""
    works.rows("DELETE FROM outbox")
    receiver.taken.clear()
    bury(works)
    status = in_dying_scheduler(works, death, partial(deliver_in, receiver=receiver))
    sweeper = Sweeper(works.scheduler, lambda *_: None, None)
    with delivering(works, receiver.url) as deliver:

        def sent() -> bool:
            works.advance("10 minutes")
            if sweeper.swept()[1]:
                deliver()
            return bool(mail(works).state == "sent")

        wait_until(sent, seconds=30)
    assert 1 <= len(receiver.copies) <= 2
    assert len(set(receiver.copies)) == 1
    return status


def test_a_deliverer_that_dies_anywhere_leaves_a_mail_that_arrives_as_one_message(works: Works) -> None:
    with receiving() as receiver:
        assert die_everywhere(partial(deliver_and_die, works, receiver)) > 15
