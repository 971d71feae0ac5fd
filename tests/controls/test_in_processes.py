"""A guard can be missing in a process of its own: a scheduler without its sweeper leaves lying what nobody was rung for."""

import pytest

from tests.controls.guards import UNGUARDED
from tests.support.factories import entering
from tests.support.inside import inside
from tests.support.processes import running_scheduler
from tests.support.servers import wait_until
from tests.support.works import Works

STRUCK = "SELECT sum(strikes) FROM log_partition"
FIRED = "SELECT count(*) = 0 FROM timer"
_A_TIMER = """
INSERT INTO timer (tenant_id, aggregate_id, purpose, topic, due_at, type, version, body)
VALUES (gen_random_uuid(), gen_random_uuid(), 'knock', 'queue', ledger_now() + interval '1500 ms', 'queue.knock', 1,
  json_build_object('queue_id', gen_random_uuid()))"""


@pytest.mark.parametrize("guarded", [True, False], ids=["with it", "without it"])
def test_a_scheduler_process_sweeps_unless_its_sweeper_was_taken_away(works: Works, *, guarded: bool) -> None:
    """The timer that is due later tells when a sweeper would have come, because the same process fires it."""
    works.append([entering(works.queue())])
    works.rows(_A_TIMER)
    without = {} if guarded else inside("tests.controls.guards:remove_named") | {UNGUARDED: "sweeper"}
    with running_scheduler(works.database, works.redis_url, **without):
        wait_until(lambda: works.value(FIRED), seconds=30)
        assert (works.value(STRUCK) > 0) is guarded
