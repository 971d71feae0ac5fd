"""The published log of all draws of an organization, a part at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Final

from domain.fairness.record import RecordDocument, opened
from store.reads.base import Reader

CHUNK: Final = 4_096
_HEAD: Final = """
SELECT o.id, o.mode, coalesce(r.size, 0) AS size, r.head FROM organization o
LEFT JOIN draw_record r ON r.tenant_id = o.tenant_id WHERE o.tenant_id = %s"""
_LINES: Final = """
SELECT facts FROM draw_record_line WHERE tenant_id = %(tenant)s AND n >= %(from)s AND n < %(to)s ORDER BY n"""
Line = dict[str, Any]


async def document(reader: Reader) -> RecordDocument:
    """How far the log has come. LookupError: there is no such organization."""
    row = await reader.one(_HEAD, (reader.tenant_id,))
    if row is None:
        raise LookupError(reader.tenant_id)
    head = bytes(row["head"]).hex() if row["size"] else opened(row["id"], row["mode"]).head
    return RecordDocument(organization_id=row["id"], mode=row["mode"], size=row["size"], head=head)


async def lines(reader: Reader, document: RecordDocument) -> AsyncIterator[list[Line]]:
    """The lines of the file, some thousands at a time: those that the document speaks of, however many have come since."""
    yield [document.as_json()]
    for start in range(0, document.size, CHUNK):
        values = {"tenant": reader.tenant_id, "from": start, "to": min(start + CHUNK, document.size)}
        yield [{"line": row["facts"]} for row in await reader.all(_LINES, values)]
    yield [{"end": {"lines": document.size}}]
