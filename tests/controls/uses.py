"""Guards of what is good once: grants, sessions, refresh tokens, names, and the currency that orders are in."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import store.repositories.completions
from domain.command import SYSTEM_ACTOR, Envelope
from domain.distribution import grants
from domain.distribution.order import Completion
from domain.guest import NewGuest
from domain.organizations.state import Organization
from domain.people.commands import EndSession, RefreshSession, StartGuestSession
from domain.people.rules import sessions
from domain.queue.commands import CompleteGrant, EnterQueue
from domain.queue.state import Queue
from store.database import see_tenants
from store.repositories.base import Tenancy
from store.repositories.completions import Completions
from store.repositories.organizations import Organizations
from tests.controls.guard import Guard
from tests.controls.removing import dropped, replaced, reworded, rewritten
from tests.controls.scenes import (
    few_rounds,
    refused,
    set_to,
)
from tests.support.desk import Desk, Founded, founding
from tests.support.factories import entering, sent
from tests.support.servers import wait_until
from tests.support.works import Works
from workers import queue_upkeep

_WAITERS = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"


def _granted(works: Works, **settings: Any) -> tuple[Queue, Envelope[EnterQueue], Any]:
    queue = works.queue(**settings)
    one = entering(queue)
    works.append([one])
    works.settle()
    return queue, one, works.value("SELECT grant_id FROM queue_entry WHERE id = %s", one.id)


def a_grant_is_used_for_two_orders(works: Works) -> Iterator[str]:
    """A shop completes a grant, and later another order names it."""
    queue, one, grant = _granted(works)
    orders = [
        sent(queue, CompleteGrant(queue_id=queue.id, entry_id=one.id, grant_id=grant, order_id=order)) for order in "AB"
    ]
    for order in orders:
        works.append([order])
        works.settle()
    if refused(works, queue, orders[1]) is None:
        yield "a grant is used twice"


def an_order_is_sent_twice(works: Works) -> Iterator[str]:
    """A shop completes a grant, does not hear the answer, and says it again without a key."""
    queue, one, grant = _granted(works)
    body = CompleteGrant(queue_id=queue.id, entry_id=one.id, grant_id=grant, order_id="A")
    orders = [sent(queue, body) for _ in range(2)]
    for order in orders:
        works.append([order])
        works.settle()
    if refused(works, queue, orders[1]) is not None:
        yield "a repeat is refused"


def a_grant_is_used_in_time_and_decided_late(works: Works) -> Iterator[str]:
    """A shop completes a grant in time, and all workers are away for a day."""
    queue, one, grant = _granted(works)
    used = sent(queue, CompleteGrant(queue_id=queue.id, entry_id=one.id, grant_id=grant, order_id="A"))
    works.append([used])
    works.advance("1 day")
    works.settle()
    if refused(works, queue, used) is not None:
        yield "a grant that was used in time is taken back"


def _session(works: Works) -> tuple[Queue, StartGuestSession]:
    queue = works.queue()
    start = StartGuestSession(consumer_id=uuid4(), guest=NewGuest(session_id=uuid4(), refresh_hash="first"))
    assert Desk(works).told(queue.tenant_id, start)
    return queue, start


def _refreshing(of: StartGuestSession, presented: str, following: str) -> RefreshSession:
    own, session = of.consumer_id, of.guest.session_id
    return RefreshSession(consumer_id=own, session_id=session, presented_hash=presented, next_hash=following)


def somebody_has_logged_out(works: Works) -> Iterator[str]:
    """A person logs out; the access token still lives, and somebody joins with it."""
    queue, of = _session(works)
    Desk(works).told(queue.tenant_id, EndSession(consumer_id=of.consumer_id, session_id=of.guest.session_id))
    joins = EnterQueue(queue_id=queue.id, consumer_id=of.consumer_id, session_id=of.guest.session_id)
    if "refused" not in Desk(works).ask(queue.tenant_id, joins):
        yield "who has logged out takes a place"


def a_refresh_token_is_stolen(works: Works) -> Iterator[str]:
    """Two hold one refresh token: each trades it for another."""
    queue, of = _session(works)
    for following in ("second", "third"):
        Desk(works).ask(queue.tenant_id, _refreshing(of, "first", following))
    if works.value("SELECT status FROM session WHERE id = %s", of.guest.session_id) == "ACTIVE":
        yield "a stolen token goes on"


def a_refresh_is_sent_twice(works: Works) -> Iterator[str]:
    """A person does not hear the answer to a refresh, and says it again."""
    queue, of = _session(works)
    for _ in range(2):
        Desk(works).ask(queue.tenant_id, _refreshing(of, "first", "second"))
    if works.value("SELECT status FROM session WHERE id = %s", of.guest.session_id) != "ACTIVE":
        yield "a repeat ends the session"


def two_take_one_name(works: Works) -> Iterator[str]:
    """Two organizations ask for one slug in the same moment, in two partitions: neither drain sees the other's."""
    with set_to(Organizations, "slug_holder", lambda *_: None):
        for made in (Founded(uuid4(), uuid4(), uuid4()), Founded(uuid4(), uuid4(), uuid4())):
            command = founding(made, "harbour-hall")
            works.append([Envelope(made.id, made.live, SYSTEM_ACTOR, made.id, command)])
            few_rounds(works)
    if works.value("SELECT count(DISTINCT id) FROM organization WHERE slug = 'harbour-hall'") > 1:
        yield "two organizations have one name"


def an_order_is_recorded_while_the_currency_changes(works: Works) -> Iterator[str]:
    """A shop's order is on its way into the ledger while the organizer asks whether there are any, to change the currency."""
    return _recorded_while(works, lambda completions, queue: completions.paid_under(queue.experience_id))


def an_order_is_recorded_while_the_organizations_currency_changes(works: Works) -> Iterator[str]:
    """The same, and the currency is that of the organization, which all its experiences inherit."""
    return _recorded_while(works, lambda completions, queue: completions.paid_in(_organization_of(queue)))


def _recorded_while(works: Works, asks: Callable[[Completions, Queue], bool]) -> Iterator[str]:
    queue, one, _ = _granted(works)
    order = Completion(queue.tenant_id, one.id, queue.id, 1_000, "EUR", (), {})

    def asked() -> bool:
        with works.worker.begin() as asking:
            see_tenants(asking, [queue.tenant_id])
            return asks(Completions(Tenancy(asking, queue.tenant_id)), queue)

    with works.worker.begin() as recording, ThreadPoolExecutor(1) as threads:
        see_tenants(recording, [queue.tenant_id])
        completions = Completions(Tenancy(recording, queue.tenant_id))
        completions.currency_of(queue)
        completions.put(order)
        completions.flush()
        answer = threads.submit(asked)
        wait_until(lambda: answer.done() or bool(works.value(_WAITERS)))
        recording.commit()
        if not answer.result():
            yield "an order's currency changes after it was recorded"


def _organization_of(queue: Queue) -> Organization:
    """Who owns a queue, by its ids: its settings are another matter."""
    config: Any = None
    return Organization(
        queue.organization_id, queue.tenant_id, uuid4(), config, queue.created_at, queue.updated_at, "tests", "tests"
    )


GUARDS = (
    Guard(
        "a grant is good once",
        "A grant that was used is not used again.",
        ("a grant is used twice",),
        a_grant_is_used_for_two_orders,
        rewritten(
            grants,
            "unusable",
            ("if why_ended is not None:", "if False:"),
            ("if entry.status not in LIVE:", "if False:"),
        ),
    ),
    Guard(
        "the same order again",
        "An order that completed a grant may say so again.",
        ("a repeat is refused",),
        an_order_is_sent_twice,
        rewritten(grants, "unusable", ("and entry.order_id == using.order_id", "and False")),
    ),
    Guard(
        "lapsed by when it came",
        "A grant that was used in time counts, however late that is decided.",
        ("a grant that was used in time is taken back",),
        a_grant_is_used_in_time_and_decided_late,
        rewritten(queue_upkeep, "_lapse", ("ended_by = times.received_at", "ended_by = times.now")),
    ),
    Guard(
        "writes in a live session",
        "An access token that outlives its session takes no place.",
        ("who has logged out takes a place",),
        somebody_has_logged_out,
        rewritten(sessions, "refused_session", ("return SESSION_REVOKED", "return None")),
    ),
    Guard(
        "a refresh token is good once",
        "A refresh token that comes back ends all of its session.",
        ("a stolen token goes on",),
        a_refresh_token_is_stolen,
        rewritten(sessions, "refresh_session", ("session.refresh_hash == command.presented_hash", "True")),
    ),
    Guard(
        "the same refresh again",
        "A refresh whose answer was lost may be sent again.",
        ("a repeat ends the session",),
        a_refresh_is_sent_twice,
        replaced(sessions, "_is_the_same_call", lambda *_: False),
    ),
    Guard(
        "one organization for each name",
        "Of two who ask for one name in one moment, one gets it.",
        ("two organizations have one name",),
        two_take_one_name,
        statement=dropped("organization", "organization_slug_mode_key"),
    ),
    Guard(
        "orders hold their currency",
        "What orders are in does not change while one is being recorded.",
        ("an order's currency changes after it was recorded",),
        an_order_is_recorded_while_the_currency_changes,
        reworded(store.repositories.completions, "_LOCK_EXPERIENCE", (" FOR UPDATE", "")),
    ),
    Guard(
        "orders hold the organization's currency",
        "What an organization's orders are in does not change while one is being recorded.",
        ("an order's currency changes after it was recorded",),
        an_order_is_recorded_while_the_organizations_currency_changes,
        reworded(store.repositories.completions, "_LOCK_ORGANIZATION", (" FOR UPDATE", "")),
    ),
)
