"""Fixtures for tests of what every process needs to wake up."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.servers import temporary_state
from tests.support.traces import at_work


@pytest.fixture
def state() -> Iterator[Path]:
    """A state folder; whatever still works in it afterwards is a failure."""
    with temporary_state() as folder:
        yield folder
        assert at_work(folder) == []
