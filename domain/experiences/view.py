"""What an organization may see of its experiences and sequences."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from domain.experiences.state import Distribution, Experience, Launch
from domain.experiences.state import Sequence as Path
from domain.settings import actor_facts
from domain.times import iso


def experience_facts(launch: Launch) -> dict[str, Any]:
    """The experience with its sequences, as its organization sees it. Access codes are not shown."""
    experience, config, defaults = launch.experience, launch.experience.config, launch.defaults
    shown = config.model_dump(mode="json", by_alias=True, exclude={"access_code"})
    return shown | {
        "id": str(experience.id),
        "organizationId": str(experience.organization_id),
        "openAt": iso(config.open_at),
        "closeAt": iso(config.close_at),
        "timeZone": config.time_zone or defaults.time_zone,
        "currencyCode": config.currency_code or defaults.currency_code,
        "hasAccessCode": config.access_code is not None,
        "hasProtectedSequences": any(protected(path) for path in launch.paths),
        "published": experience.published,
        "lifecycle": lifecycle(experience.published, launch.distributions),
        "sequences": [sequence_facts(path, launch.offered) for path in launch.paths],
        **_kept(experience),
    }


def sequence_facts(path: Path, distributions: Iterable[Distribution]) -> dict[str, Any]:
    """The sequence as its organization sees it."""
    own = [one for one in distributions if one.sequence_id == path.id]
    shown = path.config.model_dump(mode="json", by_alias=True, exclude={"access_code"})
    return shown | {
        "id": str(path.id),
        "experienceId": str(path.experience_id),
        "hasAccessCode": path.config.access_code is not None,
        "availability": availability(own),
        **_kept(path),
    }


def lifecycle(published: bool, distributions: Iterable[Distribution]) -> str:  # noqa: FBT001 (what it is)
    """Where an experience stands: that of the liveliest of its distributions, `draft` while it is not published."""
    if not published:
        return "draft"
    found = {one.lifecycle for one in distributions}
    return next((one for one in ("open", "settling", "scheduled") if one in found), "closed")


def availability(distributions: Iterable[Distribution]) -> str:
    """What a sequence offers: something `open`, something `upcoming`, or nothing (`closed`)."""
    found = {one.lifecycle for one in distributions}
    return "open" if "open" in found else "upcoming" if "scheduled" in found else "closed"


def protected(path: Path) -> bool:
    """Whether a sequence has a gate."""
    config = path.config
    return config.access_code is not None or config.require_authentication or bool(config.audience_ids)


def _kept(state: Experience | Path) -> dict[str, Any]:
    return {
        "version": state.version,
        "archived": state.archived,
        "createdAt": iso(state.created_at),
        "updatedAt": iso(state.updated_at),
        "createdBy": actor_facts(state.created_by),
        "updatedBy": actor_facts(state.updated_by),
    }
