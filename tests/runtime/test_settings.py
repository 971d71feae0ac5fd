"""What a process takes from its environment."""

import pytest

from runtime.settings import Settings


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_a_setting_that_is_empty_counts_as_not_set(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(name.upper(), raising=False)
    unset = getattr(Settings(), name)
    monkeypatch.setenv(name.upper(), "")
    assert getattr(Settings(), name) == unset
