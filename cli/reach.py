"""How a command that is typed beside an installation reaches it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection

from cli.errors import ObstacleError
from cli.system.preparing import connected, explained
from cli.system.state import Running, StateFolder, key_encryption_bytes
from runtime.clock import Clock
from runtime.embedded import default_state_folder
from runtime.ringing import ringing
from runtime.settings import Settings
from store.producer import Producer, producing
from store.roles import MAINTENANCE, RolePasswords

NOWHERE = (
    "No installation was found. Start one with `drumroll up`, or say where it is: MAINTENANCE_DATABASE_URL (or DATABASE_URL "
    "of the owner with ROLE_SECRET) and REDIS_URL."
)


@dataclass(frozen=True, slots=True)
class Reach:
    """An installation's store under the maintenance role, its doorbell, and its key-encryption key if it is known."""

    maintenance_url: str
    redis_url: str
    bell_url: str
    key_encryption_key: str | None = None

    @contextmanager
    def store(self) -> Iterator[Connection]:
        """A transaction across tenants."""
        with connected(self.maintenance_url) as connection:
            yield connection

    @contextmanager
    def producer(self) -> Iterator[Producer]:
        """The door for commands."""
        with (
            explained(self.maintenance_url),
            ringing(self.redis_url, self.bell_url) as bell,
            producing(self.maintenance_url, "operator", bell.ring, Clock().new_id, pool=1) as opened,
        ):
            yield opened

    def sealing_key(self) -> bytes:
        """The key-encryption key. ObstacleError when it is not known here."""
        if self.key_encryption_key is None:
            raise ObstacleError("KEY_ENCRYPTION_KEY is not set: it seals the private halves of signing keys.")
        return key_encryption_bytes(self.key_encryption_key)


def reach() -> Reach:
    """The installation that the environment names; else the one that runs in the state folder. ObstacleError: neither."""
    chosen = Settings()
    sealing = chosen.key_encryption_key.get_secret_value() or None
    url = chosen.maintenance_database_url or _derived()
    if url is not None:
        return Reach(url, chosen.redis_url, chosen.bell_url, sealing)
    folder = StateFolder(default_state_folder())
    running = Running.found_in(folder)
    if running is None:
        raise ObstacleError(NOWHERE)
    kept = folder.secrets()
    url = RolePasswords(kept.role_secret).url(running.owner_url, MAINTENANCE)
    return Reach(url, running.redis_url, running.bell_url or running.redis_url, kept.key_encryption_key)


def _derived() -> str | None:
    owner, secret = os.environ.get("DATABASE_URL"), os.environ.get("ROLE_SECRET")
    return RolePasswords(secret).url(owner, MAINTENANCE) if owner and secret else None
