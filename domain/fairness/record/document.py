"""The document of the record: whose it is, and how far it has come."""

from collections.abc import Mapping
from typing import Final, Literal

from domain.fairness.draws.document import Published
from domain.fairness.members import Hash, Number, Participation

RECORD_ALGORITHM: Final = "drumroll-draws/1"


class RecordDocument(Published):
    """The record of an organization in one of its modes: `size` lines, of which the last has the hash `head`."""

    algorithm: Literal["drumroll-draws/1"] = RECORD_ALGORITHM
    organization_id: Participation
    mode: Literal["live", "test"]
    size: Number
    head: Hash


def is_record(document: Mapping[str, object]) -> bool:
    """Whether a document says that it is that of a record of draws."""
    return document.get("algorithm") == RECORD_ALGORITHM
