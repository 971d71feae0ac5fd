"""Fixtures for tests of the store."""

from tests.support.worked import store

__all__ = ["store"]
