"""Every table, under one metadata: the migrations are checked against it."""

from store.tables import draw, experience, organization, people, queue, spine
from store.tables.base import metadata

__all__ = ["draw", "experience", "metadata", "organization", "people", "queue", "spine"]
