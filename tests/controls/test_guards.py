"""Each guard is missed: the scene that it is for ends well with it, and in the expected way without it."""

import pytest

from tests.controls.guards import GUARDS, unguarded
from tests.support.works import Works


@pytest.mark.parametrize("name", GUARDS)
def test_with_the_guard_nothing_is_wrong(works: Works, name: str) -> None:
    assert sorted(GUARDS[name].scene(works)) == []


@pytest.mark.parametrize("name", GUARDS)
def test_without_the_guard_it_is_missed(works: Works, name: str) -> None:
    with unguarded(name, works):
        seen = sorted(GUARDS[name].scene(works))
    assert seen == sorted(GUARDS[name].missed)
