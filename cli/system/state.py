"""What a local installation keeps in its state folder besides its servers' own: secrets, keys, logs, where it runs."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from cli.errors import ObstacleError
from runtime.embedded import EmbeddedServerError, remove_state
from runtime.embedded.cluster import write_private
from runtime.embedded.state import Claim, prepare_state_folder
from runtime.embedded.user import server_user

_ENTROPY = 32


@dataclass(frozen=True, slots=True)
class Secrets:
    """What an installation's processes share and nobody else may know. The key-encryption key is 32 bytes in hex."""

    role_secret: str
    gateway_secret: str
    key_encryption_key: str

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """The names of the settings that hold them."""
        return tuple(field.name.upper() for field in fields(cls))

    @property
    def key_encryption_bytes(self) -> bytes:
        """The key-encryption key itself. ObstacleError when it is not 32 bytes in hex."""
        return key_encryption_bytes(self.key_encryption_key)


class StateFolder:
    """The folder of one local installation. Everything in it is readable for its owner alone."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.logs = self.path / "logs"
        self._claim: Claim | None = None

    @property
    def is_ours(self) -> bool:
        """Whether this process holds the folder."""
        return self._claim is not None

    def take(self) -> None:
        """Create the folder where it is missing and own it. ObstacleError: in use; EmbeddedServerError: not ours to use."""
        prepare_state_folder(self.path, server_user())
        claimed = self.path / "system"
        for folder in (self.logs, claimed):
            folder.mkdir(mode=0o700, exist_ok=True)
        claim = Claim(claimed)
        try:
            claim.take()
        except EmbeddedServerError:
            pid = (claimed / "lock").read_text() or "unknown"
            raise ObstacleError(
                f"Process {pid} already runs an installation in {self.path}. `drumroll crowd` sends a crowd to it; to run "
                "another one beside it, name another folder in DRUMROLL_STATE."
            ) from None
        self._claim = claim

    def release(self) -> None:
        """Give it up."""
        if self._claim is not None:
            self._claim.release()
            self._claim = None

    def reset(self) -> None:
        """Forget everything that is kept here. ObstacleError while an installation runs in it."""
        if not self.path.exists():
            return
        self.take()
        try:
            remove_state(self.path)
            for name in ("secrets.json", "keys.json", "running.json"):
                (self.path / name).unlink(missing_ok=True)
            shutil.rmtree(self.logs, ignore_errors=True)
        finally:
            self.release()

    def secrets(self, environment: Mapping[str, str] = os.environ) -> Secrets:
        """The secrets: made once and kept; one that is set in the environment goes before the one that is kept."""
        kept = self.read("secrets.json")
        if kept is None:
            kept = {name.lower(): secrets.token_hex(_ENTROPY) for name in Secrets.names()}
            self.write("secrets.json", kept)
        return Secrets(**{name: environment.get(name.upper()) or word for name, word in kept.items()})

    def read(self, name: str) -> dict[str, Any] | None:
        """What is kept under a name; None when nothing is. ObstacleError when it cannot be read."""
        path = self.path / name
        try:
            kept: dict[str, Any] = json.loads(path.read_text())
        except FileNotFoundError:
            return None
        except PermissionError:
            raise ObstacleError(
                f"{path} belongs to somebody else: run as its owner, or name another folder in DRUMROLL_STATE."
            ) from None
        except ValueError:
            raise ObstacleError(f"{path} is damaged. Remove it, or begin afresh with `drumroll up --reset`.") from None
        return kept

    def write(self, name: str, kept: object) -> None:
        """Keep something under a name, readable for the owner alone."""
        write_private(self.path / name, json.dumps(kept, indent=2) + "\n")

    def forget(self, name: str) -> None:
        """Keep it no longer."""
        (self.path / name).unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Running:
    """Where an installation runs: for commands that are typed beside it."""

    url: str
    owner_url: str
    redis_url: str
    pid: int
    bell_url: str = ""
    """Where its bell rings; empty in what older versions wrote down, whose bell is taken to ring through Redis."""

    def keep_in(self, folder: StateFolder) -> None:
        """Write it down."""
        folder.write("running.json", asdict(self))

    @classmethod
    def found_in(cls, folder: StateFolder) -> Running | None:
        """What runs in this folder now; None when nothing does."""
        kept = folder.read("running.json")
        if kept is None or not _lives(kept["pid"]):
            return None
        return cls(**kept)


def key_encryption_bytes(text: str) -> bytes:
    """A key-encryption key. ObstacleError when it is not 32 bytes in hex."""
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != _ENTROPY:
        raise ObstacleError(
            "KEY_ENCRYPTION_KEY must be 32 bytes in hex: make one with `openssl rand -hex 32`, and keep it."
        )
    return key


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
