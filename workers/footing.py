"""What every process of the workers' side asks of its servers before it starts."""

from __future__ import annotations

from functools import partial

from runtime.settings import Settings
from runtime.starting import doubt, look_before
from store import database, footing

BLIND = (
    "The role of MAINTENANCE_DATABASE_URL lacks BYPASSRLS: nothing would be cleared. Give the scheduler the URL that `drumroll "
    "settings --of scheduler` prints."
)


def stand(chosen: Settings) -> None:
    """Return when this process may start on its servers; SystemExit with status 2, and the reasons said, when not."""
    look = partial(footing.of_role, chosen.database_url, database.WORKER)
    look_before(chosen, look, footing.AWAY, footing.NotMigratedError)


def stand_for_maintenance(chosen: Settings) -> None:
    """Say it when the role that clears what is past its term cannot see what there is to clear."""
    if chosen.maintenance_database_url is None:
        return
    try:
        if not footing.sees_every_tenant(chosen.maintenance_database_url):
            doubt([BLIND])
    except footing.AWAY as failure:
        doubt([f"MAINTENANCE_DATABASE_URL does not lead to a store that answers ({type(failure).__name__})."])
