"""Every table, under one metadata: the migrations are checked against it."""

from store.tables import experience, organization, people, queue, spine
from store.tables.base import metadata

__all__ = ["experience", "metadata", "organization", "people", "queue", "spine"]
