"""Some worlds on every run, the same step by step; and with a guard removed some world comes to harm."""

import subprocess
import sys
from collections import Counter
from uuid import UUID

import pytest

from domain.decision import Decision
from domain.queue import rules
from domain.queue.commands import EnterQueue
from domain.queue.state import Entry, Queue
from domain.times import Times
from tests.simulation.house import Plan
from tests.simulation.many import many, untried
from tests.simulation.run import Ended, run
from tests.simulation.silence import hush
from tests.simulation.statements import Guard

SEEDS = 1_500


def harm(*gone: Guard, seeds: int, calm: bool = False) -> Counter[str]:
    """What came to harm in how many worlds without these guards: the first words of what did not hold."""
    with hush():
        ended = [run(seed, Plan(frozenset(gone), calm)) for seed in range(seeds)]
    return Counter(one.failure.split(":")[1].strip() for one in ended if one.failure is not None)


@pytest.mark.timeout(300)
def test_whatever_befalls_it_every_world_comes_to_rest_with_everything_as_it_must_be() -> None:
    ended = list(many(range(SEEDS), processes=2))
    failed = {one.seed: one.failure for one in ended if one.failure is not None}
    assert failed == {}, "replay one with: python -m tests.simulation --seed N --trace"
    assert len({one.hash for one in ended}) == SEEDS
    counts = sum((one.counts for one in ended), Counter[str]())
    assert untried(counts, SEEDS) == []


def test_a_seed_does_the_same_in_every_process() -> None:
    with hush():
        here: Ended = run(7, trace=True)
    asked = [sys.executable, "-m", "tests.simulation", "--seed", "7"]
    there = subprocess.run(asked, capture_output=True, text=True, check=True)
    assert f"trace {here.hash}" in there.stdout
    assert here.trace


def test_without_one_writer_to_a_partition_updates_are_lost() -> None:
    assert harm(Guard.PARTITION_LOCK, seeds=120)["counts"] > 0


def test_without_stored_outcomes_a_command_that_comes_again_is_decided_twice() -> None:
    assert harm(Guard.STORED_OUTCOMES, seeds=20)["doubled"] > 0


def test_without_the_look_again_and_the_sweeper_work_is_left_lying() -> None:
    assert harm(Guard.SWEEPER, seeds=60, calm=True) == {}
    assert harm(Guard.SWEEPER, Guard.LOOK_AGAIN, seeds=60, calm=True)["nothing rests"] > 0


def test_a_reply_before_the_commit_tells_what_is_not_stored() -> None:
    assert harm(Guard.COMMIT_BEFORE_REPLY, seeds=60)["answers"] > 0


def test_without_the_participations_own_id_a_second_copy_counts_a_person_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    real = rules.enter

    def forgetful(queue: Queue, mine: tuple[Entry, ...], own_id: UUID, command: EnterQueue, times: Times) -> Decision:
        return real(queue, [entry for entry in mine if entry.id != own_id], own_id, command, times)

    assert harm(Guard.STORED_OUTCOMES, seeds=40)["counts"] == 0
    monkeypatch.setattr(rules, "enter", forgetful)
    assert harm(Guard.STORED_OUTCOMES, seeds=40)["counts"] > 0
