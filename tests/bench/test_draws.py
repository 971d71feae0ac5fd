"""What is read out of figures of draws: what a load kept while a draw was drawn, and who gets no receipt."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import pytest

from bench.figures.beside import within
from bench.result import Result
from bench.unreceipted import WORKER, WithoutReceipts, without_receipt
from cli.processes import PROCESSES
from domain.decision import Refused, Reply

DUE = datetime(2026, 11, 22, tzinfo=UTC)
SELECTED = DUE + timedelta(seconds=4)


def answers(per_second: dict[int, int], took: float = 5.0) -> Result:
    """So many answers in each second after the draw was due, from the first named to the last."""
    samples = tuple(
        (DUE.timestamp() + second + number / many, took, 200)
        for second, many in per_second.items()
        for number in range(many)
    )
    return Result(len(samples), {200: len(samples)}, 0, len(per_second), 1.0, 1.0, 1.0, 1.0, 1.0, 0.1, samples=samples)


def a_load(meanwhile: int, apart: int) -> dict[int, int]:
    return {second: meanwhile if 0 <= second < 4 else apart for second in range(-3, 7)}


def test_a_load_is_compared_with_itself_before_the_draw_and_after_it() -> None:
    load = within(answers(a_load(80, 100), took=0.0), DUE, SELECTED)
    assert load.seconds == 4
    assert load.rates == (80, 100)
    assert len(load.took(meanwhile=True)) == 320


def test_an_answer_was_given_beside_the_draw_when_it_came_then() -> None:
    load = within(answers(a_load(80, 100), took=500.0), DUE, SELECTED)
    assert len(load.took(meanwhile=True)) == 50 + 280


@pytest.mark.parametrize("seconds", [range(7), range(-3, 3)])
def test_a_load_that_did_not_last_from_before_the_draw_to_after_it_is_no_figure(seconds: range) -> None:
    with pytest.raises(RuntimeError, match="the load lasted from"):
        within(answers(dict.fromkeys(seconds, 10)), DUE, SELECTED)


def test_only_the_admission_worker_makes_no_receipts() -> None:
    usual, ours = {**PROCESSES}, WithoutReceipts({"mail": 1}).processes()
    assert [name for name in usual if usual[name] is not ours[name]] == ["admission"]
    assert (ours["admission"].module, ours["admission"].topic) == (WORKER, usual["admission"].topic)


def test_without_receipts_the_same_is_decided_and_every_other_secret_is_told() -> None:
    reply = Reply({"status": "QUEUED"}, created=True, secrets={"accessToken": "a", "receipt": "r"})
    told = decided(reply)
    assert (told.body, told.created, told.secrets) == (reply.body, True, {"accessToken": "a"})
    refused = Refused("QUEUE_FULL", "Full.")
    assert decided(refused) is refused


def decided(outcome: Reply | Refused) -> Any:
    handler = without_receipt(lambda *_: outcome)
    anything = cast("Any", SimpleNamespace(id=UUID(int=1)))
    return handler(anything, anything, anything)
