"""The record of draws: the log of all draws of an organization, as it is kept, published and checked.

docs/fairness.md specifies every byte of it. The classes of single lines are in `domain.fairness.record.bodies`.
"""

from domain.fairness.record.bodies import AnyRecordBody
from domain.fairness.record.check import CheckedRecord, check_record
from domain.fairness.record.document import RECORD_ALGORITHM, RecordDocument, is_record
from domain.fairness.record.lines import RecordLine, opened
from domain.fairness.record.listed import check_listed
from domain.fairness.record.statement import RecordStatement

__all__ = [
    "RECORD_ALGORITHM",
    "AnyRecordBody",
    "CheckedRecord",
    "RecordDocument",
    "RecordLine",
    "RecordStatement",
    "check_listed",
    "check_record",
    "is_record",
    "opened",
]
