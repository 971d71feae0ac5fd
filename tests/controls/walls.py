"""Guards of the walls between organizations."""

from collections.abc import Iterator

from store import database
from store.database import see_tenants
from store.pipelined import pipelined
from store.roles import GATEWAY
from tests.controls.guard import Guard
from tests.controls.removing import reworded
from tests.support.factories import entering
from tests.support.walls import as_role
from tests.support.works import Works

FOREIGN = "somebody sees what is another organization's"
_ALL_HEARD = """
CREATE OR REPLACE FUNCTION journal_outcomes(wanted uuid[])
RETURNS TABLE (command_id uuid, aggregate_id uuid, at timestamptz, reply json)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
  SELECT c.id, j.aggregate_id, j.at, j.replies -> (c.place - 1)::int
  FROM journal j, unnest(j.command_ids) WITH ORDINALITY AS c(id, place)
  WHERE j.command_ids && wanted AND c.id = ANY (wanted) $$"""


def one_looks_at_another(works: Works) -> Iterator[str]:
    """A gateway reads for one organization, and its statement forgets to say so."""
    mine, others = works.queue(), works.queue()
    works.append([entering(others)])
    works.settle()
    with as_role(works.database, GATEWAY, tenant=str(mine.tenant_id)) as connection:
        if connection.execute("SELECT FROM queue_entry").fetchall():
            yield FOREIGN


def the_owner_looks(works: Works) -> Iterator[str]:
    """A process runs under the role that owns the tables."""
    works.append([entering(works.queue())])
    works.settle()
    with works.owner.connect() as connection:
        for statement in ("CREATE ROLE keeper", "ALTER TABLE queue_entry OWNER TO keeper", "SET LOCAL ROLE keeper"):
            connection.exec_driver_sql(statement)
        if connection.exec_driver_sql("SELECT FROM queue_entry").all():
            yield FOREIGN
        connection.rollback()


def a_connection_is_used_again(works: Works) -> Iterator[str]:
    """A worker's connection goes back to the pool, and the next who has it says nothing of tenants."""
    queue = works.queue()
    works.append([entering(queue)])
    works.settle()
    with pipelined(works.worker) as connection:
        see_tenants(connection, [queue.tenant_id])
        connection.commit()
        if connection.exec_driver_sql("SELECT FROM queue_entry").all():
            yield FOREIGN
        connection.rollback()


def one_asks_for_the_outcome_of_another(works: Works) -> Iterator[str]:
    """A gateway asks, for one organization, what became of a command of another."""
    mine, others = works.queue(), works.queue()
    one = entering(others)
    works.append([one])
    works.settle()
    if works.outcomes(mine, [one.id]):
        yield FOREIGN


GUARDS = (
    Guard(
        "walls",
        "A statement that forgets its tenant finds nothing of others.",
        (FOREIGN,),
        one_looks_at_another,
        statement="ALTER TABLE queue_entry DISABLE ROW LEVEL SECURITY",
    ),
    Guard(
        "walls for the owner too",
        "Whoever owns a table sees no more of it than anybody.",
        (FOREIGN,),
        the_owner_looks,
        statement="ALTER TABLE queue_entry NO FORCE ROW LEVEL SECURITY",
    ),
    Guard(
        "tenants until the commit",
        "What a transaction may see is forgotten at its end.",
        (FOREIGN,),
        a_connection_is_used_again,
        reworded(database, "_SEE_TENANTS", ("%s, true)", "%s, false)")),
    ),
    Guard(
        "outcomes of one's own",
        "What became of a command is told to its organization alone.",
        (FOREIGN,),
        one_asks_for_the_outcome_of_another,
        statement=_ALL_HEARD,
    ),
)
