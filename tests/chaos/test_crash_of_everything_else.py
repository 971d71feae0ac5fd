"""Whatever is decided, a worker dies before every operation of it; in the end all is as if nobody had died.

Slices, lapses, extensions, signs of presence, sessions, organizations and experiences: the model is the same story told
without a death.
"""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.command import SYSTEM_ACTOR, Command, Envelope
from domain.distribution.state import Scope
from domain.experiences.commands import CreateExperience, Nested
from domain.experiences.config import ExperienceConfig
from domain.guest import NewGuest
from domain.organizations.commands import REGISTER, CreateKey, FirstKey
from domain.organizations.state import KeyKind, Mode
from domain.people.commands import EndSession, EraseConsumer, RefreshSession, StartGuestSession, UpdateProfile
from domain.queue.commands import KillQueue, KnockQueue, NotePresence, PauseQueue, ResumeQueue
from domain.queue.state import Queue
from store.command_log import Place
from store.roles import MAINTENANCE, WORKER
from store.wire import partition_of
from tests.support.crashes import Death, Seams, die_everywhere, in_child
from tests.support.database import PARTITIONS
from tests.support.desk import Desk, Founded, founding, fresh_key, imprint
from tests.support.factories import LONG_AGO, entering, sent
from tests.support.recovery import recover
from tests.support.works import Works, new_drain
from tests.workers.queue_room import firing_in
from workers import queue_upkeep
from workers.drain import Round
from workers.janitor import Janitor

Story = Callable[[Works], list[UUID]]
_EVENTS = """
SELECT e->>'type' AS what, e->>'reason' AS why, count(*) AS times FROM journal, json_array_elements(events) e
WHERE tenant_id = ANY (%s) GROUP BY 1, 2"""
_OUTCOMES = """
SELECT r->>'type' AS what, r->'refused'->>'code' AS why, count(*) AS times FROM journal, json_array_elements(replies) r
WHERE tenant_id = ANY (%s) AND r->>'type' <> 'queue.knock' GROUP BY 1, 2"""
_KEPT = (
    "SELECT status, requeues, ticket, grant_id IS NOT NULL AS granted FROM queue_entry WHERE tenant_id = ANY (%s)",
    "SELECT tickets, waiting, inside, extensions::text, heard_at IS NULL AS unheard FROM queue WHERE tenant_id = ANY (%s)",
    "SELECT count(*) AS seen FROM queue_entry WHERE seen_at > entered_at AND tenant_id = ANY (%s)",
    "SELECT (expires_at - granted_at)::text AS length FROM queue_entry WHERE tenant_id = ANY (%s)",
    "SELECT status, rotations, refresh_hash FROM session WHERE tenant_id = ANY (%s)",
    "SELECT full_name, erased_at IS NOT NULL AS erased FROM consumer_profile WHERE tenant_id = ANY (%s)",
    "SELECT mode, version FROM organization WHERE tenant_id = ANY (%s)",
    "SELECT name, kind, status FROM api_key WHERE tenant_id = ANY (%s)",
    "SELECT name, published, version FROM experience WHERE tenant_id = ANY (%s)",
    "SELECT name FROM sequence WHERE tenant_id = ANY (%s)",
)


def picture(works: Works, tenants: list[UUID]) -> Any:
    """Everything that is kept of these tenants, but for ids and times."""
    kept = [Counter(map(tuple, works.rows(statement, tenants))) for statement in (_EVENTS, _OUTCOMES, *_KEPT)]
    return kept, works.value("SELECT count(*) FROM dead_command")


def opening(works: Works) -> list[UUID]:
    """A queue opens for more people than fit into a slice."""
    now = works.value("SELECT ledger_now()")
    queue = works.queue(admit_rate=600_000, entry_open_at=LONG_AGO, open_at=now + timedelta(minutes=1))
    works.append([entering(queue) for _ in range(3)])
    works.settle()
    works.advance("61 seconds")
    works.append([sent(queue, KnockQueue(queue_id=queue.id))])
    return [queue.tenant_id]


def full(works: Works, **settings: Any) -> Queue:
    """A queue with three people inside."""
    queue = works.queue(admit_rate=600_000, completion_grace_seconds=0, **settings)
    works.append([entering(queue) for _ in range(3)])
    works.settle()
    return queue


def lapsing(works: Works) -> list[UUID]:
    """Three grants lapse, and their holders go back to the line and in again."""
    queue = full(works, admission_expiration_seconds=60, on_expiry="requeue")
    works.advance("61 seconds")
    works.append([sent(queue, KnockQueue(queue_id=queue.id))])
    return [queue.tenant_id]


def extending(works: Works) -> list[UUID]:
    """A pause ends, and three grants get longer."""
    queue = full(works)
    works.append([sent(queue, PauseQueue(queue_id=queue.id, scope=Scope.SERVICE))])
    works.settle()
    works.append([sent(queue, ResumeQueue(queue_id=queue.id, extend_grants_seconds=600))])
    return [queue.tenant_id]


def ending(works: Works) -> list[UUID]:
    """A queue is killed, and three grants are revoked."""
    queue = full(works)
    works.append([sent(queue, KillQueue(queue_id=queue.id, reason="storm", revoke_grants=True))])
    return [queue.tenant_id]


def noting(works: Works) -> list[UUID]:
    """A gateway tells whom it saw."""
    queue = works.queue(idle_timeout_seconds=60, max_active_grants=1)
    came = [entering(queue) for _ in range(5)]
    works.append(came)
    works.settle()
    works.advance("20 seconds")
    ids = tuple(one.id for one in came[2:])
    works.append([sent(queue, NotePresence(queue_id=queue.id, entry_ids=ids, listened=True))])
    return [queue.tenant_id]


def from_nobody(tenant: UUID, *commands: Command) -> list[Envelope[Command]]:
    """Commands of a tenant on their way."""
    return [Envelope(uuid4(), tenant, SYSTEM_ACTOR, uuid4(), command) for command in commands]


def elsewhere(own_id: UUID) -> UUID:
    """The id of an aggregate in another partition, so that every time there are as many operations to die of."""
    return next(one for one in iter(uuid4, None) if partition_of(one, PARTITIONS) != partition_of(own_id, PARTITIONS))


def living(works: Works) -> list[UUID]:
    """Two become guests; one says a name, refreshes and logs out, the other is forgotten."""
    tenant, one = works.queue().tenant_id, uuid4()
    other = elsewhere(one)
    of = {person: uuid4() for person in (one, other)}
    guests = [
        StartGuestSession(consumer_id=person, guest=NewGuest(session_id=session, refresh_hash=f"first-{index}"))
        for index, (person, session) in enumerate(of.items())
    ]
    own = {"consumer_id": one, "session_id": of[one]}
    lives = (
        UpdateProfile(**own, changes={"fullName": "Ada"}),
        RefreshSession(**own, presented_hash="first-0", next_hash="second"),
        EndSession(consumer_id=one, session_id=of[one]),
        EraseConsumer(consumer_id=other, session_id=of[other]),
    )
    works.append(from_nobody(tenant, *guests, *lives))
    return [tenant]


def founding_and_making(works: Works) -> list[UUID]:
    """An organization is founded; another one makes an experience with a queue, and a key."""
    hall, made = Founded(uuid4(), elsewhere(REGISTER), uuid4()), Founded(uuid4(), uuid4(), uuid4())
    Desk(works).told(hall.live, founding(hall, f"hall-{uuid4().hex[:8]}"), command_id=hall.id)
    first = FirstKey(name="First", kind=KeyKind.SECRET, mode=Mode.LIVE, imprint=imprint(fresh_key()))
    door = Nested(sequence=0, type="queue", settings={"name": "Door", "admitRate": 60})
    makes = (
        CreateExperience(tenant_id=hall.live, config=ExperienceConfig(name="Harvest"), distributions=(door,)),
        CreateKey(tenant_id=hall.live, name="Till", kind=KeyKind.SECRET, mode=Mode.LIVE, imprint=imprint(fresh_key())),
    )
    founds = Envelope(made.id, made.live, SYSTEM_ACTOR, made.id, founding(made, f"barn-{uuid4().hex[:8]}", first))
    works.append([founds, *from_nobody(hall.live, *makes)])
    return [hall.live, hall.test, made.live, made.test]


STORIES = (opening, lapsing, extending, ending, noting, living, founding_and_making)


def drain_all(works: Works, places: list[Place], death: Death) -> int:
    """Drain these partitions until nothing is left in them, in a process that dies; its exit status.

    Only Postgres is counted: what is told over Redis is told after a commit, and to die of it is to die before the next
    statement. Rings leave in a thread of their own, so that their number is not the same each time.
    """

    def act() -> None:
        engine, seams = works.database.engine(WORKER), Seams(death)
        with new_drain(engine, works.redis_url) as drain, engine.connect():
            seams.watch_postgres()
            for place in places:
                while drain.round(place) is not Round.EMPTY:
                    pass

    return in_child(act)


def told(works: Works, story: Story, death: Death) -> tuple[int, Any]:
    """A story in which somebody dies: how they ended, and what is kept in the end."""
    tenants = story(works)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(queue_upkeep, "SLICE", 2)
        status = drain_all(works, works.waiting(), death)
        recover(works)
        with firing_in(works) as firing:
            firing()
        works.settle()
    return status, picture(works, tenants)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_a_worker_that_dies_anywhere_leaves_what_one_that_lives_leaves(works: Works, story: Story) -> None:
    status, model = told(works, story, Death(0))
    assert status == 0

    def one_death(death: Death) -> int:
        status, kept = told(works, story, death)
        assert kept == model, death
        return status

    assert die_everywhere(one_death) > 10


def clean(works: Works, death: Death) -> int:
    """One round of the janitor in a process that dies; its exit status."""

    def act() -> None:
        engine = works.database.engine(MAINTENANCE, pool=1)
        with engine.connect():
            Seams(death).watch_postgres()
        Janitor(engine)()

    return in_child(act)


def test_a_janitor_that_dies_anywhere_leaves_the_rest_to_the_next(works: Works) -> None:
    def one_death(death: Death) -> int:
        works.append([entering(works.queue())])
        works.settle()
        events = works.value("SELECT sum(json_array_length(events)) FROM journal")
        works.advance("25 hours")
        status = clean(works, death)
        assert clean(works, Death(0)) == 0
        assert works.value("SELECT count(*) FROM journal WHERE replies IS NOT NULL") == 0
        assert works.value("SELECT sum(json_array_length(events)) FROM journal") == events
        return status

    assert die_everywhere(one_death) > 5
