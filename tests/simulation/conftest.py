"""Fixtures for what compares the ledger in memory with Postgres."""

from tests.support.worked import store, works

__all__ = ["store", "works"]
