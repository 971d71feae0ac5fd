"""Fixtures of whoever calls a running installation; a folder's conftest takes them in.

A module or package says what runs: its own `installed`, or its own `grounds`.
"""

from collections.abc import AsyncIterator

import pytest

from tests.support.caller import Organizer, organizer
from tests.support.installation import Grounds


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
