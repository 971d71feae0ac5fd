"""Whatever people do, in any order: a queue of the real worker over the ledger in memory."""

from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.domain.queue.machine import WaitingRoom
from tests.simulation.works import MemoryWorks
from tests.workers.queue_room import WorkedRoom

MANY = settings(
    max_examples=60, stateful_step_count=40, deadline=None, database=None, derandomize=True,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


class RememberedRoom(WaitingRoom):
    """Each example has a store of its own."""

    def make_room(self, settings: dict[str, Any]) -> WorkedRoom:
        """A new queue."""
        works = MemoryWorks()
        now = works.store.now()
        dated = {name: now + timedelta(seconds=at) for name, at in settings.items() if at and name.endswith("_at")}
        return WorkedRoom(works, works.firing, works.queue(**settings | dated))


def test_whatever_people_do_over_the_ledger_in_memory_the_counts_the_order_and_the_log_stay_right() -> None:
    run_state_machine_as_test(RememberedRoom, settings=MANY)
