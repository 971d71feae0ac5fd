"""A rush, gone through as a storm is: its journal event by event, its rows, and who stands before whom."""

from dataclasses import replace
from uuid import UUID

from tests.chaos.storm import facts
from tests.chaos.storm.book import Call, tenant_of
from tests.chaos.storm.evidence import ledger
from tests.support.installation import Grounds
from tests.support.rush import Person, Rush

HOLD = (facts.impossible, facts.beyond, facts.disordered, facts.unlike, facts.mistimed, facts.strange)
"""The facts that can be asked of the ledger without a storm's book of calls."""


def assert_history_holds(grounds: Grounds, rush: Rush) -> None:
    """Every step follows from the one before, limits hold at every point, and order is kept, across gateways too."""
    entered = [_entered(person) for person in rush.people]
    evidence = replace(ledger(grounds, [tenant_of(rush.hall)]), calls=entered)
    assert {fact.__name__: found for fact in HOLD if (found := fact(evidence))} == {}


def _entered(person: Person) -> Call:
    """An enter's command id is the participation's."""
    (participation,) = person.told
    return Call("enter", UUID(participation), person.came, answered=person.knew, status=200)
