"""The lines of the record: one chain of hashes for each organization and mode."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from pydantic import JsonValue, ValidationError

from domain.fairness.chain import FRAME, Chain, Link, line_hash
from domain.fairness.draws.wrong import told
from domain.fairness.members import participation_of
from domain.fairness.record.bodies import BODIES, AnyRecordBody

RECORD_TAG: Final = b"drumroll/draws/1\x00"
_OWN: Final = FRAME | {"drawId"}


def opened(organization_id: UUID, mode: str) -> Chain:
    """Return the empty record of an organization in one of its modes."""
    return Chain.opened(RECORD_TAG, organization_id.bytes, mode.encode())


def append(chain: Chain, at: int, draw_id: UUID, body: AnyRecordBody) -> tuple[Chain, dict[str, JsonValue]]:
    """Return the record after one more line, and that line as it is published. `at` is in microseconds since 1970."""
    return chain.append(at, {"drawId": str(draw_id), **body.members()})


@dataclass(frozen=True, slots=True)
class RecordLine:
    """A line: its place in the chain, the draw that it is of, what happened, and the hash that it must have."""

    link: Link
    draw_id: UUID
    body: AnyRecordBody
    recomputed: str

    @classmethod
    def from_json(cls, line: Mapping[str, object]) -> "RecordLine":
        """Read a published line. Raises ValueError naming what is wrong; the hashes are for the caller to compare."""
        try:
            body = BODIES.validate_python({name: line[name] for name in line if name not in _OWN}, by_name=False)
        except ValidationError as error:
            raise ValueError(told(error)) from None
        draw_id = participation_of(line.get("drawId"), "drawId")
        return cls(Link.of(line), draw_id, body, line_hash(RECORD_TAG, line))
