"""Fixtures for stories: one installation for all of them, and an organization of its own for each."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.support.caller import Organizer, organizer
from tests.support.installation import Grounds, running_installation


@pytest.fixture(scope="package")
def installed() -> Iterator[Grounds]:
    """A running installation with two schedulers."""
    with running_installation(scheduler=2) as grounds:
        yield grounds


@pytest.fixture
def grounds(installed: Grounds) -> Grounds:
    """The installation with all its processes ready."""
    installed.all_ready()
    return installed


@pytest.fixture
async def hall(grounds: Grounds) -> AsyncIterator[Organizer]:
    """An organization of its own."""
    async with organizer(grounds.system.urls, grounds.found()) as calling:
        yield calling


@pytest.fixture
async def barn(grounds: Grounds) -> AsyncIterator[Organizer]:
    """Another organization, which knows nothing of the hall."""
    async with organizer(grounds.system.urls, grounds.found()) as calling:
        yield calling
