"""Guards of what is kept: limits and single uses in the rules, constraints behind them, walls between organizations."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any
from uuid import uuid4

import store.repositories.completions
from domain.command import SYSTEM_ACTOR, Envelope
from domain.decision import Refused, Reply
from domain.guest import NewGuest
from domain.organizations.state import Organization
from domain.people.commands import EndSession, RefreshSession, StartGuestSession
from domain.people.rules import sessions
from domain.queue import pace
from domain.queue.commands import CompleteGrant, EnterQueue
from domain.queue.order import Completion
from domain.queue.rules import counting, granting, serving
from domain.queue.rules import entering as joining
from domain.queue.state import Queue
from domain.times import Times
from store import database
from store.database import see_tenants
from store.pipelined import pipelined
from store.repositories.base import Tenancy
from store.repositories.completions import Completions
from store.repositories.organizations import Organizations
from store.roles import GATEWAY
from store.work import Work
from tests.controls.guard import Guard
from tests.controls.removing import replaced, reworded, rewritten
from tests.controls.scenes import (
    BURIED,
    TWO_PLACES,
    TWO_TICKETS,
    few_rounds,
    knock,
    knocks_that,
    people,
    refused,
    set_to,
    wrong_with,
)
from tests.support.desk import Desk, Founded, founding
from tests.support.factories import LONG_AGO, entering, sent
from tests.support.servers import wait_until
from tests.support.walls import as_role
from tests.support.works import Works
from workers import queue_upkeep

_WAITERS = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
FOREIGN = "somebody sees what is another organization's"
_CROWDED = "more are inside than may be"
NOBODY_IS_LET_IN = {"entry_open_at": LONG_AGO, "open_at": LONG_AGO.replace(year=2199)}
_ALL_HEARD = """
CREATE OR REPLACE FUNCTION journal_outcomes(wanted uuid[])
RETURNS TABLE (command_id uuid, aggregate_id uuid, at timestamptz, reply json)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
  SELECT c.id, j.aggregate_id, j.at, j.replies -> (c.place - 1)::int
  FROM journal j, unnest(j.command_ids) WITH ORDINALITY AS c(id, place)
  WHERE j.command_ids && wanted AND c.id = ANY (wanted) $$"""


def _came(works: Works, count: int, **settings: Any) -> Any:
    queue = works.queue(**settings)
    works.append(people(queue, count))
    works.settle()
    return works.rows("SELECT waiting, inside, admitted FROM queue WHERE id = %s", queue.id)[0]


def more_come_than_fit(works: Works) -> Iterator[str]:
    """Five come at once to a line for two."""
    if _came(works, 5, capacity=2, **NOBODY_IS_LET_IN).waiting > 2:
        yield "more wait than there is room for"


def more_come_than_may_be_inside(works: Works) -> Iterator[str]:
    """Five come at once to a shop for two."""
    if _came(works, 5, admit_rate=600_000, max_active_grants=2).inside > 2:
        yield _CROWDED


def more_come_than_may_ever_be_let_in(works: Works) -> Iterator[str]:
    """Five come at once where two may be let in altogether."""
    if _came(works, 5, admit_rate=600_000, max_admissions=2).admitted > 2:
        yield "more are let in than there is to be had"


def more_come_than_the_rate_allows(works: Works) -> Iterator[str]:
    """Five come at once where one a second is let in."""
    if _came(works, 5, admit_rate=60).inside > 1:
        yield "people are let in faster than the rate"


def nobody_came_for_an_hour(works: Works) -> Iterator[str]:
    """Where one a second is let in nobody comes for an hour; then fifty come at once."""
    queue = works.queue(admit_rate=60)
    works.append([knock(queue)])
    works.settle()
    works.advance("1 hour")
    works.append(people(queue, 50))
    works.settle()
    if works.value("SELECT inside FROM queue WHERE id = %s", queue.id) > 2:
        yield "an hour in which nobody came is a rush afterwards"


def somebody_joins_twice(works: Works) -> Iterator[str]:
    """A person joins at two gateways at once."""
    queue, person = works.queue(), uuid4()
    both = [entering(queue, consumer_id=person) for _ in range(2)]
    works.append(both)
    few_rounds(works)
    yield from wrong_with(works, queue, *both)


def rules_that_let_in_twice(works: Works) -> Iterator[str]:
    """A person joins twice, and the rule that would keep the first place has a bug."""
    with set_to(joining, "_already_inside", lambda *_: None):
        yield from (seen for seen in somebody_joins_twice(works) if seen == TWO_PLACES)


def rules_that_give_a_ticket_twice(works: Works) -> Iterator[str]:
    """Two join, and the rule that counts the tickets has a bug."""

    def miscounted(queue: Queue, leaf: bytes, now: Any) -> dict[str, object]:
        return counted(queue, leaf, now) | {"tickets": queue.line.tickets}

    counted, queue = counting.counts_with, works.queue()
    with set_to(joining, "counts_with", miscounted):
        works.append(people(queue, 2))
        few_rounds(works)
    if len(works.rows("SELECT FROM queue_entry WHERE ticket = 0")) > 1:
        yield TWO_TICKETS


def rules_that_miscount(works: Works, member: str) -> Iterator[str]:
    """A rule counts one too few where there was nobody."""

    def miscounts(work: Work, one: Envelope[Any], times: Times) -> Reply | Refused:
        queue = work.queues.get(one.body.queue_id)
        assert queue is not None
        work.queues.put(queue.with_line(**{member: -1}))
        return Reply()

    queue = works.queue(**NOBODY_IS_LET_IN)
    works.append([knock(queue)])
    with knocks_that(miscounts):
        few_rounds(works)
    if works.rows("SELECT FROM queue WHERE least(waiting, inside, admitted, completed) < 0"):
        yield "a count is below nothing"


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


def one_looks_at_another(works: Works) -> Iterator[str]:
    """A gateway reads for one organization, and its statement forgets to say so."""
    mine, others = works.queue(), works.queue()
    works.append([entering(others)])
    works.settle()
    with as_role(works.database, GATEWAY, tenant=str(mine.tenant_id)) as connection:
        if connection.execute("SELECT FROM queue_entry").fetchall():
            yield FOREIGN


def the_owner_looks(works: Works) -> Iterator[str]:
    """A process runs under the role that owns the tables."""
    works.append([entering(works.queue())])
    works.settle()
    with works.owner.connect() as connection:
        for statement in ("CREATE ROLE keeper", "ALTER TABLE queue_entry OWNER TO keeper", "SET LOCAL ROLE keeper"):
            connection.exec_driver_sql(statement)
        if connection.exec_driver_sql("SELECT FROM queue_entry").all():
            yield FOREIGN
        connection.rollback()


def a_connection_is_used_again(works: Works) -> Iterator[str]:
    """A worker's connection goes back to the pool, and the next who has it says nothing of tenants."""
    queue = works.queue()
    works.append([entering(queue)])
    works.settle()
    with pipelined(works.worker) as connection:
        see_tenants(connection, [queue.tenant_id])
        connection.commit()
        if connection.exec_driver_sql("SELECT FROM queue_entry").all():
            yield FOREIGN
        connection.rollback()


def one_asks_for_the_outcome_of_another(works: Works) -> Iterator[str]:
    """A gateway asks, for one organization, what became of a command of another."""
    mine, others = works.queue(), works.queue()
    one = entering(others)
    works.append([one])
    works.settle()
    if works.outcomes(mine, [one.id]):
        yield FOREIGN


def dropped(table: str, what: str) -> str:
    """The statement that drops a constraint."""
    return f"ALTER TABLE {table} DROP CONSTRAINT {what}"


def _below(member: str) -> Guard:
    return Guard(
        f"{member} is not below zero",
        "Whatever bug a rule has, nobody is taken from a line or a shop twice.",
        ("a count is below nothing",),
        partial(rules_that_miscount, member=member),
        statement=dropped("queue", f"queue_{member}_check"),
    )


GUARDS = (
    Guard(
        "capacity",
        "No more wait than the line holds.",
        ("more wait than there is room for",),
        more_come_than_fit,
        rewritten(joining, "_why_not", ("queue.line.waiting >= config.capacity", "False")),
    ),
    Guard(
        "most inside",
        "No more are inside than the shop holds.",
        (_CROWDED,),
        more_come_than_may_be_inside,
        rewritten(serving, "_places", ("places.append(config.max_active_grants - line.inside)", "pass")),
    ),
    Guard(
        "most admissions",
        "No more are ever let in than there is to be had.",
        ("more are let in than there is to be had",),
        more_come_than_may_ever_be_let_in,
        rewritten(serving, "_places", ("places.append(config.max_admissions - line.admitted)", "pass")),
    ),
    Guard(
        "credit of the rate",
        "People are let in no faster than the rate.",
        ("people are let in faster than the rate",),
        more_come_than_the_rate_allows,
        rewritten(serving, "room", ("[credit // pace.GRANT, line.waiting,", "[line.waiting,")),
    ),
    Guard(
        "credit is not saved",
        "Time in which nobody came is not made up for.",
        ("an hour in which nobody came is a rush afterwards",),
        nobody_came_for_an_hour,
        rewritten(pace, "filled", ("return min(", "return max("), (", most(config))", ", 0)")),
    ),
    Guard(
        "one place for each person",
        "Whoever joins twice keeps the first place.",
        (BURIED,),
        somebody_joins_twice,
        replaced(joining, "_already_inside", lambda *_: None),
    ),
    Guard(
        "one live participation",
        "Whatever bug a rule has, nobody has two places in one line.",
        (TWO_PLACES,),
        rules_that_let_in_twice,
        statement="DROP INDEX queue_entry_live",
    ),
    Guard(
        "one holder of a ticket",
        "Whatever bug a rule has, nobody's ticket is another's.",
        (TWO_TICKETS,),
        rules_that_give_a_ticket_twice,
        statement="DROP INDEX queue_entry_ticket",
    ),
    *map(_below, ("waiting", "inside", "admitted", "completed")),
    Guard(
        "a grant is good once",
        "A grant that was used is not used again.",
        ("a grant is used twice",),
        a_grant_is_used_for_two_orders,
        rewritten(
            granting,
            "_cannot_complete",
            ("if ended is not None:", "if False:"),
            ("if entry.status is not Status.GRANTED:", "if False:"),
        ),
    ),
    Guard(
        "the same order again",
        "An order that completed a grant may say so again.",
        ("a repeat is refused",),
        an_order_is_sent_twice,
        rewritten(granting, "_cannot_complete", ("and entry.order_id == command.order_id", "and False")),
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
    Guard(
        "walls",
        "A statement that forgets its tenant finds nothing of others.",
        (FOREIGN,),
        one_looks_at_another,
        statement="ALTER TABLE queue_entry DISABLE ROW LEVEL SECURITY",
    ),
    Guard(
        "walls for the owner too",
        "Whoever owns a table sees no more of it than anybody.",
        (FOREIGN,),
        the_owner_looks,
        statement="ALTER TABLE queue_entry NO FORCE ROW LEVEL SECURITY",
    ),
    Guard(
        "tenants until the commit",
        "What a transaction may see is forgotten at its end.",
        (FOREIGN,),
        a_connection_is_used_again,
        reworded(database, "_SEE_TENANTS", ("%s, true)", "%s, false)")),
    ),
    Guard(
        "outcomes of one's own",
        "What became of a command is told to its organization alone.",
        (FOREIGN,),
        one_asks_for_the_outcome_of_another,
        statement=_ALL_HEARD,
    ),
)
