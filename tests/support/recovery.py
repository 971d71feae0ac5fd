"""What an installation does about work that was left lying: the sweeper finds it, a worker drains it."""

from store.command_log import Place
from store.database import ledger_now
from store.roles import WORKER
from store.sweeping import sweep
from tests.support.crashes import in_child
from tests.support.servers import wait_until
from tests.support.works import Works, new_drain


def swept(works: Works) -> list[Place]:
    """What the sweeper rings for a second later."""
    works.advance("1 second")
    return rung(works)


def rung(works: Works) -> list[Place]:
    """What the sweeper rings for now."""
    with works.scheduler.begin() as connection:
        return sweep(connection, ledger_now(connection))


def recover(works: Works) -> None:
    """Go on until nothing waits, as a healthy installation does."""
    works.advance("1 second")

    def quiet() -> bool:
        for place in rung(works):
            works.drain.round(place)
        return works.waiting() == [] and works.value("SELECT max(strikes) FROM log_partition") == 0

    wait_until(quiet, seconds=30)


def sweep_and_drain_in_child(works: Works) -> int:
    """The sweeper rings; a process drains what it rang for. Its exit status."""
    left = swept(works)

    def drain() -> None:
        with new_drain(works.database.engine(WORKER), works.redis_url) as drain:
            for place in left:
                drain.round(place)

    return in_child(drain)
