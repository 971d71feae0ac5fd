"""The organization for local use: made once, its keys kept in the state folder for commands on this machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import count
from typing import Any

from cli.errors import ObstacleError
from cli.installation import Installation
from cli.registering import KeyPair, hash_of
from cli.system.state import Running, StateFolder
from runtime.embedded import EmbeddedServerError, default_state_folder
from store.reads import installation as reads

KEYS = "keys.json"
LOOPBACK_NETWORKS = ["127.0.0.0/8", "::1/128"]
"""Trusted, because on one machine everybody has the same address, and an address has limits."""


@dataclass(frozen=True, slots=True)
class LocalKeys:
    """The keys by mode; `fresh` when they were made just now."""

    pairs: Mapping[str, KeyPair]
    fresh: bool


def local_keys(system: Installation) -> LocalKeys:
    """The keys that are kept, if this store knows them; else those of a new organization."""
    kept = system.folder.read(KEYS)
    pairs = _pairs(kept)
    if pairs and _all_work(system, pairs):
        return LocalKeys(pairs, fresh=False)
    made = system.create_organization("Local", _free_slug(system), trusted_networks=LOOPBACK_NETWORKS)
    pairs = {"live": made.live, "test": made.test}
    named = {"id": str(made.id), "slug": made.slug, "name": made.name}
    system.folder.write(KEYS, {"organization": named} | {mode: asdict(pair) for mode, pair in pairs.items()})
    return LocalKeys(pairs, fresh=True)


def at_hand() -> dict[str, Any]:
    """What `drumroll crowd` takes when it is told nothing: where an installation runs here, and its keys for tests."""
    try:
        folder = StateFolder(default_state_folder())
        running, pairs = Running.found_in(folder), _pairs(folder.read(KEYS))
    except (ObstacleError, EmbeddedServerError, OSError):
        return {}
    if running is None or "test" not in pairs:
        return {}
    return {"url": running.url, "publishable_key": pairs["test"].publishable, "secret_key": pairs["test"].secret}


def _pairs(kept: Mapping[str, Any] | None) -> dict[str, KeyPair]:
    try:
        return {mode: KeyPair(**kept[mode]) for mode in ("live", "test")} if kept else {}
    except (KeyError, TypeError):
        return {}


def _all_work(system: Installation, pairs: Mapping[str, KeyPair]) -> bool:
    """Whether the store knows them: it may be another one than the one they were made in."""
    texts = [text for pair in pairs.values() for text in (pair.publishable, pair.secret)]
    with system.reach().store() as connection:
        return all(reads.key_is_known(connection, hash_of(text)) for text in texts)


def _free_slug(system: Installation) -> str:
    with system.reach().store() as connection:
        taken = {one.slug for one in reads.organizations(connection)}
    return next(slug for slug in _slugs() if slug not in taken)


def _slugs() -> Iterator[str]:
    yield "local"
    yield from (f"local-{number}" for number in count(2))
