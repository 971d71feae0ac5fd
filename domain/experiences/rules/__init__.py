"""The rules of experiences and sequences: pure functions from state, command and times to a decision."""

from domain.experiences.rules.launching import archive, create, publish, slug_asked_for, unpublish, update
from domain.experiences.rules.paths import archive_sequence, create_sequence, in_order, update_sequence

__all__ = [
    "archive",
    "archive_sequence",
    "create",
    "create_sequence",
    "in_order",
    "publish",
    "slug_asked_for",
    "unpublish",
    "update",
    "update_sequence",
]
