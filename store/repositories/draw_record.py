"""The log of all draws of an organization: the one row that drains of different partitions write, and the lines it counts."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Any
from uuid import UUID

from domain.draw.state import Recorded
from domain.fairness.chain import Chain
from domain.fairness.record.lines import RECORD_TAG, append, opened
from domain.ids import unix_us
from store import bulk
from store.repositories.base import Repository, Tenancy
from store.tables.draw import draw_record, draw_record_line

_BEGIN = """
INSERT INTO draw_record (tenant_id, size, head) SELECT t, 0, '' FROM unnest(%s::uuid[]) t ORDER BY t ON CONFLICT DO NOTHING"""
_LOCK = """
SELECT r.tenant_id, r.size, r.head, o.id, o.mode FROM draw_record r JOIN organization o ON o.tenant_id = r.tenant_id
WHERE r.tenant_id = ANY (%s::uuid[]) ORDER BY r.tenant_id FOR UPDATE OF r"""


class Record(Repository[UUID, Recorded]):
    """The lines that a drain adds, in the order of its decisions. They are never read back by it."""

    def __init__(self, scope: Tenancy) -> None:
        super().__init__(scope)
        self._added: list[Recorded] = []

    def put(self, state: Recorded) -> None:
        """Keep a line; it gets its number and its hash when the drain is done."""
        self._added.append(state)

    def flush(self) -> None:
        """Nothing yet, because the lock is held until the commit: `chain` comes when all else was written."""

    def chain(self) -> None:
        """Write the lines. Who else adds to one of these logs waits from here to the commit.

        Everybody locks organizations in the same order and nothing after them, so that nobody waits in a circle.
        """
        if not self._added:
            return
        added, self._added = sorted(self._added, key=_tenant), []
        tenants = sorted({line.tenant_id for line in added})
        self._scope.connection.exec_driver_sql(_BEGIN, (tenants,))
        heads = {row.tenant_id: row for row in self._scope.connection.exec_driver_sql(_LOCK, (tenants,))}
        rows, after = list[dict[str, Any]](), list[dict[str, Any]]()
        for tenant_id, lines in groupby(added, key=_tenant):
            chain = _chain(heads[tenant_id])
            for line in lines:
                chain, facts = append(chain, unix_us(line.at), line.draw_id, line.body)
                rows.append(_row(line, facts))
            after.append({"tenant_id": tenant_id, "size": chain.size, "head": bytes.fromhex(chain.head)})
        bulk.insert(self._scope.connection, draw_record_line, rows)
        bulk.update(self._scope.connection, draw_record, after)

    def _key(self, state: Recorded) -> tuple[UUID, UUID]:
        return state.tenant_id, state.draw_id

    def _select(self, wanted: list[tuple[UUID, UUID]]) -> Iterable[Recorded]:
        raise TypeError(f"Decisions add to the log and do not read it: {len(wanted)} asked for.")

    def _insert(self, states: list[Recorded]) -> None:
        raise TypeError(f"{len(states)} lines were to be written without a number.")

    _update = _insert


def _tenant(line: Recorded) -> UUID:
    return line.tenant_id


def _chain(row: Any) -> Chain:
    return Chain(RECORD_TAG, row.size, bytes(row.head).hex()) if row.size else opened(row.id, row.mode)


def _row(line: Recorded, facts: dict[str, Any]) -> dict[str, Any]:
    return {
        "tenant_id": line.tenant_id, "n": facts["n"], "draw_id": line.draw_id, "type": facts["type"], "facts": facts,
    }  # fmt: skip
