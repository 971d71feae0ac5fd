"""Which stored answers are final."""

from typing import Any

import pytest

from store.journal import BROKEN, is_open


def refused(code: str, retry_after: int | None = None) -> dict[str, Any]:
    return {"refused": {"code": code, "detail": "", "retryAfter": retry_after, "field": None}}


@pytest.mark.parametrize("reply", [refused("QUEUE_NOT_OPEN", 30), refused("DISTRIBUTION_PAUSED", 5), refused(BROKEN)])
def test_who_was_told_to_come_again_is_decided_anew(reply: dict[str, Any]) -> None:
    assert is_open(reply)


@pytest.mark.parametrize(
    "reply", [refused("QUEUE_FULL"), refused("DISTRIBUTION_PAUSED"), {"body": {"status": "QUEUED"}}]
)
def test_every_other_answer_is_final(reply: dict[str, Any]) -> None:
    assert not is_open(reply)
