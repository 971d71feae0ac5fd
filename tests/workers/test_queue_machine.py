"""Whatever people do, in any order: a queue of the real worker on a real store."""

from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.domain.queue.machine import WaitingRoom
from tests.support.works import Works
from tests.workers.queue_room import WorkedRoom, firing_in
from workers.firing import Firing

FEW = settings(
    max_examples=12, stateful_step_count=25, deadline=None, database=None, derandomize=True,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


class StoredRoom(WaitingRoom):
    """Each example has a queue of its own; they share the store and its clock."""

    works: Works
    firing: Firing

    def make_room(self, settings: dict[str, Any]) -> WorkedRoom:
        """A new queue, and no promises left of those before."""
        self.works.rows("DELETE FROM timer")
        now = self.works.value("SELECT ledger_now()")
        dated = {name: now + timedelta(seconds=at) for name, at in settings.items() if at and name.endswith("_at")}
        return WorkedRoom(self.works, self.firing, self.works.queue(**settings | dated))


def test_whatever_people_do_the_counts_the_order_and_the_log_stay_right(works: Works) -> None:
    with firing_in(works) as firing:
        made = type("MadeRoom", (StoredRoom,), {"works": works, "firing": firing})
        run_state_machine_as_test(made, settings=FEW)
