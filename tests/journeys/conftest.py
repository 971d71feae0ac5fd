"""Fixtures for stories: one installation for all of them, and an organization of its own for each."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.support.caller import Organizer, organizer
from tests.support.installation import Grounds, running_installation
from tests.support.visited import grounds, hall

__all__ = ["barn", "grounds", "hall", "installed"]


@pytest.fixture(scope="package")
def installed() -> Iterator[Grounds]:
    """A running installation with two schedulers."""
    with running_installation(scheduler=2) as grounds:
        yield grounds


@pytest.fixture
async def barn(grounds: Grounds) -> AsyncIterator[Organizer]:
    """Another organization, which knows nothing of the hall."""
    async with organizer(grounds.system.urls, grounds.found()) as calling:
        yield calling
