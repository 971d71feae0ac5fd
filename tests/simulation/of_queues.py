"""What the statements of queues and of the people in them do."""

from collections.abc import Callable, Sequence
from dataclasses import fields
from operator import itemgetter
from types import SimpleNamespace
from typing import Any

from domain.queue.state import Entry
from store.repositories import completions, entries, grants, queues, requeues, sequences, tenants
from tests.simulation.shapes import Scalar
from tests.simulation.tables import Row
from tests.simulation.transaction import Statement, Transaction

_Values = Sequence[Any]
_entry = itemgetter(*(field.name for field in fields(Entry) if field.name != "status"), "status")


def _setting(organization: Row | None, name: str, usual: Any) -> Any:
    kept = (organization or {"settings": {}})["settings"].get(name)
    return usual if kept is None else kept


def queue(tx: Transaction, values: _Values) -> _Values:
    """Queues with what they inherit."""
    found = [row for row in map(tx.get, ["queue"] * len(values[0]), zip(*values, strict=True)) if row]
    return [SimpleNamespace(**row, **_inherited(tx, row)) for row in found]


def _inherited(tx: Transaction, row: Row) -> Row:
    tenant = row["tenant_id"]
    experience = tx.get("experience", (tenant, row["experience_id"]))
    owner = tx.get("organization", (tenant,))
    seen = experience is not None and experience["published"] and not experience["archived"]
    return {"published": seen, "allow_guests": _setting(owner, "allowGuests", usual=True)}


def sequence(tx: Transaction, values: _Values) -> _Values:
    """Sequences with what they inherit."""
    found = (tx.get("sequence", key) for key in zip(*values, strict=True))
    return [_facts(tx, row) for row in found if row is not None and not row["archived"]]


def _facts(tx: Transaction, row: Row) -> tuple[Any, ...]:
    tenant = row["tenant_id"]
    experience = tx.get("experience", (tenant, row["experience_id"]))
    assert experience is not None
    guests = _setting(tx.get("organization", (tenant,)), "allowGuests", usual=True)
    owners = (experience["organization_id"], experience["id"], experience["published"], guests)
    return tenant, row["id"], *owners, experience["open_at"], experience["close_at"]


def tenant(tx: Transaction, values: _Values) -> _Values:
    """Tenants as commands see them."""
    found = (tx.get("organization", (one,)) for one in values[0])
    return [
        (row["tenant_id"], row["id"], row["mode"], row["slug"], _setting(row, "allowGuests", usual=True),
         _setting(row, "accessTokenSeconds", 3600), _setting(row, "refreshTokenSeconds", 2_592_000))
        for row in found if row is not None
    ]  # fmt: skip


def entry(tx: Transaction, values: _Values) -> _Values:
    """Participations by id."""
    found = (tx.get("queue_entry", key) for key in zip(*values, strict=True))
    return [_entry(row) for row in found if row is not None]


def _where(tx: Transaction, holds: Callable[[Row], bool]) -> list[Any]:
    return [_entry(row) for row in tx.rows("queue_entry") if holds(row)]


def entries_of_people(tx: Transaction, values: _Values) -> _Values:
    """Participations by person."""
    people = set(zip(*values, strict=True))
    return _where(tx, lambda row: (row["tenant_id"], row["queue_id"], row["consumer_id"]) in people)


def entries_at_tickets(tx: Transaction, values: _Values) -> _Values:
    """Participations by ticket."""
    tickets, *where = values
    sought = set(tickets)
    return _where(tx, lambda row: row["ticket"] in sought and [row["tenant_id"], row["queue_id"]] == where)


def _granted(tx: Transaction, values: _Values, holds: Callable[[Row], bool], *by: str) -> _Values:
    """The participations that hold the first grants of a queue."""
    tenant_id, queue_id, *_, limit = values
    rows = (row for row in tx.rows("queue_grant") if (row["tenant_id"], row["queue_id"]) == (tenant_id, queue_id))
    first = sorted(filter(holds, rows), key=itemgetter(*by))[:limit]
    found = (tx.get("queue_entry", (row["tenant_id"], row["id"])) for row in first)
    return [_entry(row) for row in found if row is not None]


def lapsed(tx: Transaction, values: _Values) -> _Values:
    """Grants that ended."""
    return _granted(tx, values, lambda row: row["expires_at"] <= values[2], "expires_at", "ticket")


def inside(tx: Transaction, values: _Values) -> _Values:
    """Live grants."""
    return _granted(tx, values, lambda _row: True, "expires_at", "ticket")


def given(tx: Transaction, values: _Values) -> _Values:
    """Grants that were given between one and a moment."""
    before, after = values[2], (values[3], values[4])
    return _granted(
        tx,
        values,
        lambda row: row["granted_at"] < before and (row["granted_at"], row["id"]) > after,
        "granted_at",
        "id",
    )


def unseen(tx: Transaction, values: _Values) -> _Values:
    """People who wait and were not seen for long."""
    tenant_id, queue_id, since, limit = values
    rows = [
        row
        for row in tx.rows("queue_entry")
        if (row["tenant_id"], row["queue_id"], row["status"]) == (tenant_id, queue_id, "QUEUED")
        and row["seen_at"] is not None
        and row["seen_at"] <= since
    ]
    return [_entry(row) for row in sorted(rows, key=itemgetter("seen_at", "ticket"))[:limit]]


def next_lapse(tx: Transaction, values: _Values) -> _Values:
    """When the earliest other grant ends."""
    tenant_id, queue_id, others = values
    ends = (
        row["expires_at"]
        for row in tx.rows("queue_grant")
        if (row["tenant_id"], row["queue_id"]) == (tenant_id, queue_id) and row["id"] not in others
    )
    return [Scalar(min(ends, default=None))]


def end_grants(tx: Transaction, values: _Values) -> _Values:
    """Grants that are none any more."""
    gone = (tx.delete("queue_grant", key) for key in zip(*values, strict=True))
    return [row for row in gone if row is not None]


def second_leaf(tx: Transaction, values: _Values) -> _Values:
    """Second leaves by queue and ticket."""
    found = (tx.get("queue_requeue", key) for key in zip(*values, strict=True))
    names = itemgetter("tenant_id", "queue_id", "ticket", "entry_id", "received_at")
    return [names(row) for row in found if row is not None]


def currency(tx: Transaction, values: _Values) -> _Values:
    """What amounts under an experience are in."""
    experience = tx.get("experience", tuple(values))
    owner = tx.get("organization", (values[0],))
    own = (experience or {"settings": {}})["settings"].get("currencyCode")
    return [Scalar(own or _setting(owner, "currencyCode", None))]


STATEMENTS: dict[str, Statement] = {
    queues._SELECT: queue,
    sequences._SELECT: sequence,
    tenants._SELECT: tenant,
    entries._BY_ID: entry,
    entries._BY_PERSON: entries_of_people,
    entries._BY_TICKET: entries_at_tickets,
    entries._LAPSED: lapsed,
    entries._INSIDE: inside,
    entries._GIVEN: given,
    entries._UNSEEN: unseen,
    entries._NEXT_LAPSE: next_lapse,
    grants._END: end_grants,
    requeues._SELECT: second_leaf,
    completions._CURRENCY: currency,
}
