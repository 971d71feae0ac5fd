"""Slugs: the names of things in addresses."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from uuid import UUID

_FORM = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_GAP = re.compile(r"[^a-z0-9]+")


def well_formed(slug: str, shortest: int, longest: int) -> bool:
    """Small letters, digits and single hyphens between them; never the text of an id, which means something else."""
    return shortest <= len(slug) <= longest and _FORM.fullmatch(slug) is not None and not _is_an_id(slug)


def slug_of(name: str, shortest: int, longest: int, otherwise: str) -> str:
    """A slug that resembles a name; `otherwise`, where the name holds too few Latin letters and digits for one."""
    latin = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = _GAP.sub("-", latin)[:longest].strip("-")
    return slug if well_formed(slug, shortest, longest) else otherwise


def free_slug(wanted: str, longest: int, taken: Collection[str]) -> str:
    """The slug itself, or with the first number from 2 that makes it one that nobody has."""
    slug, number = wanted, 1
    while slug in taken:
        number += 1
        slug = f"{wanted[: longest - 12].rstrip('-')}-{number}"
    return slug


def _is_an_id(slug: str) -> bool:
    try:
        UUID(slug)
    except ValueError:
        return False
    return True
