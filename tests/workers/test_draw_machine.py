"""Whatever people do, in any order: a draw of the real worker on a real store."""

from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.domain.draw.machine import Tombola
from tests.support.works import Works
from tests.workers.draw_room import WorkedDraw
from tests.workers.queue_room import firing_in
from workers.firing import Firing

FEW = settings(
    max_examples=12, stateful_step_count=25, deadline=None, database=None, derandomize=True,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


class StoredTombola(Tombola):
    """Each example has a draw of its own; they share the store and its clock."""

    works: Works
    firing: Firing

    def make_room(self, settings: dict[str, Any]) -> WorkedDraw:
        """A new draw, and no promises left of those before."""
        self.works.rows("DELETE FROM timer")
        now = self.works.value("SELECT ledger_now()")
        dated = {name: now + timedelta(seconds=at) for name, at in settings.items() if at and name.endswith("_at")}
        return WorkedDraw(self.works, self.firing, self.works.draw(**settings | dated))


def test_whatever_people_do_the_counts_the_winners_and_the_log_stay_right(works: Works) -> None:
    with firing_in(works) as firing:
        made = type("MadeTombola", (StoredTombola,), {"works": works, "firing": firing})
        run_state_machine_as_test(made, settings=FEW)
