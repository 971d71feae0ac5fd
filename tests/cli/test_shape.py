"""What an installation reads of its environment, it reads as its processes will."""

import pytest

from cli.errors import ObstacleError
from cli.system.shape import Shape
from runtime.settings import Settings


@pytest.mark.parametrize("word", ["1", "0", "true", "False", "YES", "n", "on", "Off"])
def test_an_unsafe_store_is_allowed_by_the_words_that_a_process_takes(
    word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALLOW_UNSAFE_STORE", word)
    assert Shape().unsafe_allowed is Settings().allow_unsafe_store


def test_an_unsafe_store_is_not_allowed_where_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOW_UNSAFE_STORE", "")
    assert not Shape().unsafe_allowed


def test_a_word_that_is_neither_yes_nor_no_is_refused_by_name() -> None:
    with pytest.raises(ObstacleError, match="ALLOW_UNSAFE_STORE is `1` or `0`, not `perhaps`"):
        _ = Shape(environment={"ALLOW_UNSAFE_STORE": "perhaps"}).unsafe_allowed
