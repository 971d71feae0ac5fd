"""What each statement of the store does, in Python: found by its text, so that one that is not known fails at once."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from enum import StrEnum, auto
from functools import lru_cache, partial
from typing import Any

import orjson

from store.tables.base import metadata
from tests.simulation import of_queues, of_the_log, of_timers
from tests.simulation.shapes import shape
from tests.simulation.tables import Row
from tests.simulation.transaction import Statement, Transaction

_INSERT = re.compile(r"INSERT INTO (\w+) \([\w, ]+\) SELECT [\w, ]+ FROM json_to_recordset\(%s::json\) AS v\([^%]+$")
_UPDATE = re.compile(r"UPDATE (\w+) t SET [\w, =.]+ FROM json_to_recordset\(%s::json\) AS v\(.+\) WHERE [\w .=]+$")
_BY_ID = re.compile(
    r"SELECT t\.\* FROM unnest\(%s::uuid\[\], %s::uuid\[\]\) AS w\(tenant_id, id\) "
    r"JOIN (\w+) t ON t\.tenant_id = w\.tenant_id AND t\.id = w\.id$"
)
_SEQUENCES = {"journal": "seq"}
KNOWN: dict[str, Statement] = {**of_the_log.STATEMENTS, **of_timers.STATEMENTS, **of_queues.STATEMENTS}


class Guard(StrEnum):
    """What keeps a world from harm, and can be removed from it."""

    PARTITION_LOCK = auto()
    LOOK_AGAIN = auto()
    STORED_OUTCOMES = auto()
    SWEEPER = auto()
    COMMIT_BEFORE_REPLY = auto()


@lru_cache(maxsize=1024)
def meaning_of(statement: str) -> Statement:
    """What a statement does. LookupError: nobody has said."""
    known = KNOWN.get(statement)
    if known is not None:
        return known
    if statement.startswith(of_the_log.APPEND):
        return of_the_log.append
    for pattern, does in ((_INSERT, _inserting(statement)), (_UPDATE, _update), (_BY_ID, _by_id)):
        found = pattern.match(statement)
        if found is not None:
            return named(f"{does.__name__.strip('_')} {found[1]}", partial(does, found[1]))
    raise LookupError(f"nobody has said what this does: {statement}")


def without(gone: Collection[Guard]) -> Callable[[str], Statement]:
    """The same ledger with guards removed: the statements that they are made of do what they would without."""
    replaced = {text: does for guard in gone for text, does in OF_STATEMENTS.get(guard, {}).items()}
    return lambda statement: replaced.get(statement) or meaning_of(statement)


def named(name: str, does: Callable[..., Sequence[Any]]) -> Statement:
    """A statement under a name that a trace can show."""

    def done(tx: Transaction, values: Sequence[Any]) -> Sequence[Any]:
        return does(tx, values)

    done.__name__ = name
    return done


def _inserting(statement: str) -> Callable[..., Sequence[Any]]:
    return _upsert if "ON CONFLICT" in statement else _insert


def _rows(tx: Transaction, table: str, values: Sequence[Any]) -> list[Row]:
    cast = tx.store.tables[table].cast
    return [cast(row) for row in orjson.loads(values[0])]


def _insert(table: str, tx: Transaction, values: Sequence[Any]) -> Sequence[Any]:
    numbered = _SEQUENCES.get(table)
    rows = _rows(tx, table, values)
    return [tx.insert(table, row | {numbered: tx.store.next(table)} if numbered else row) for row in rows]


def _upsert(table: str, tx: Transaction, values: Sequence[Any]) -> Sequence[Any]:
    of = tx.store.tables[table]
    return [tx.change(table, of.key_of(row), row) or tx.insert(table, row) for row in _rows(tx, table, values)]


def _update(table: str, tx: Transaction, values: Sequence[Any]) -> Sequence[Any]:
    of = tx.store.tables[table]
    written = (tx.change(table, of.key_of(row), row) for row in _rows(tx, table, values))
    return [row for row in written if row is not None]


def _by_id(table: str, tx: Transaction, values: Sequence[Any]) -> Sequence[Any]:
    found = (tx.get(table, key) for key in zip(*values, strict=True))
    whole = shape(" ".join(column.name for column in metadata.tables[table].columns))
    return [whole(**row) for row in found if row is not None]


OF_STATEMENTS: Mapping[Guard, Mapping[str, Statement]] = {
    Guard.PARTITION_LOCK: dict.fromkeys(of_the_log.LOCKS, of_the_log.lock_nothing)
    | dict.fromkeys(of_the_log.TAKES, of_the_log.take_what_is_free),
    Guard.LOOK_AGAIN: dict.fromkeys(of_the_log.LOOKS, of_the_log.nothing),
    Guard.STORED_OUTCOMES: dict.fromkeys(of_the_log.OUTCOMES, of_the_log.nothing),
}
"""The guards that are made of statements, and what these do without it; the others are made of steps (see House)."""
