"""What distributions keep as JSON: their pause, their end, and extensions of grants that are under way."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.distribution.state import Ended, Pause, Scope
from domain.queue.state import Extension

Kept = dict[str, Any]


def kept_pause(pause: Pause | None) -> Kept | None:
    """A pause, as it is kept."""
    return None if pause is None else asdict(pause)


def pause_of(kept: Kept | None) -> Pause | None:
    """The pause, if there is one."""
    if kept is None:
        return None
    since, by = datetime.fromisoformat(kept["since"]), kept.get("by")
    return Pause(Scope(kept["scope"]), since, _moment(kept["resume_at"]), kept["reason"], by)


def kept_end(ended: Ended | None) -> Kept | None:
    """How it was ended, as it is kept."""
    return None if ended is None else asdict(ended)


def ended_of(kept: Kept | None) -> Ended | None:
    """How it was ended, if it was."""
    if kept is None:
        return None
    return Ended(datetime.fromisoformat(kept["at"]), kept["reason"], kept["revoke_grants"], kept.get("by"))


def kept_extensions(extensions: Iterable[Extension]) -> list[Kept] | None:
    """The extensions, as they are kept; nothing where there are none."""
    return [asdict(one) for one in extensions] or None


def extensions_of(kept: list[Kept] | None) -> tuple[Extension, ...]:
    """The extensions, the oldest first."""
    return tuple(map(_extension, kept or ()))


def _extension(kept: Kept) -> Extension:
    last_id = kept["last_id"] and UUID(kept["last_id"])
    return Extension(datetime.fromisoformat(kept["before"]), kept["seconds"], _moment(kept["last_at"]), last_id)


def _moment(kept: str | None) -> datetime | None:
    return None if kept is None else datetime.fromisoformat(kept)
