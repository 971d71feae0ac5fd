"""A second organization of the same installation, which knows nothing of the first."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

from bench.admin import Admin
from bench.system import LIMITS, System

_NUMBERS = count(1)


def neighbour(system: System) -> System:
    """The same installation, as another organization with a published experience measures it."""
    name = f"neighbour-{next(_NUMBERS)}"
    made = system.installation.create_organization("Next door", name, rate_limits=LIMITS)
    admin = Admin(system.host, system.port, made.test.secret)
    experience = admin.post("/experiences", {"name": "Small"})
    admin.post(f"/experiences/{experience['id']}/publish", {})
    return replace(system, organization=made, sequence_id=str(experience["sequences"][0]["id"]))
