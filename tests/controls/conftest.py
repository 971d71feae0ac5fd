"""Fixtures for tests that do without a guard."""

from collections.abc import Iterator

import pytest
import structlog

from tests.support.worked import store, works

__all__ = ["store", "works"]


@pytest.fixture(autouse=True)
def _unheard() -> Iterator[None]:
    """What scenes log is kept from the terminal, where a traceback costs a second."""
    with structlog.testing.capture_logs():
        yield
