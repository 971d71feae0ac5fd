"""Fixtures for tests of what goes wrong."""

from tests.support.worked import store, works

__all__ = ["store", "works"]
