"""Fixtures for tests of what goes wrong."""

from tests.support.visited import grounds, hall
from tests.support.worked import store, works

__all__ = ["grounds", "hall", "store", "works"]
