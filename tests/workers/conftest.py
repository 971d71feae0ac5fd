"""Fixtures for tests of the workers."""

from tests.support.worked import store, works

__all__ = ["store", "works"]
