"""The rules of experiences and sequences: pure functions from state, command and times to a decision."""

from domain.experiences.rules.launching import (
    TOO_FAR,
    archive,
    copy_of,
    create,
    distribution_id,
    publish,
    sequence_id,
    slug_asked_for,
    unpublish,
    update,
)
from domain.experiences.rules.paths import archive_sequence, create_sequence, in_order, update_sequence

__all__ = [
    "TOO_FAR",
    "archive",
    "archive_sequence",
    "copy_of",
    "create",
    "create_sequence",
    "distribution_id",
    "in_order",
    "publish",
    "sequence_id",
    "slug_asked_for",
    "unpublish",
    "update",
    "update_sequence",
]
