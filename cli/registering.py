"""Making organizations and keys: the texts of keys are drawn here, and only their hashes travel."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from cli.errors import ObstacleError
from domain.command import SYSTEM, Actor, Command, Envelope
from domain.decision import Reply
from domain.organizations.commands import CreateOrganization, FirstKey, Imprint
from domain.organizations.config import OrganizationConfig
from domain.organizations.keys import ENTROPY, DrawnKey, drawn_key
from domain.organizations.state import KeyKind, Mode
from runtime.clock import Clock
from store.producer import Producer

OPERATOR = Actor("operator", SYSTEM)
PATIENCE_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class KeyPair:
    """The keys of one mode, as texts."""

    publishable: str
    secret: str


@dataclass(frozen=True, slots=True)
class NewOrganization:
    """An organization just made, with the only copy of its keys."""

    id: UUID
    slug: str
    name: str
    live_tenant_id: UUID
    test_tenant_id: UUID
    live: KeyPair
    test: KeyPair


def create_organization(producer: Producer, config: OrganizationConfig) -> NewOrganization:
    """Have an organization made with a publishable and a secret key in each mode. ObstacleError: refused, or undecided."""
    live, test = Clock().new_id(), Clock().new_id()
    drawn = {(mode, kind): draw(kind, mode) for mode in Mode for kind in KeyKind}
    keys = tuple(
        FirstKey(name=f"First {kind.value} key", kind=kind, mode=mode, imprint=imprint_of(key))
        for (mode, kind), key in drawn.items()
    )
    command = CreateOrganization(live_tenant_id=live, test_tenant_id=test, config=config, keys=keys)
    sent = producer.envelope(live, command, OPERATOR)
    decided(producer, sent)
    pairs = {mode: KeyPair(drawn[mode, KeyKind.PUBLISHABLE].text, drawn[mode, KeyKind.SECRET].text) for mode in Mode}
    return NewOrganization(sent.id, config.slug, config.name, live, test, pairs[Mode.LIVE], pairs[Mode.TEST])


def decided(producer: Producer, sent: Envelope[Command]) -> Mapping[str, Any]:
    """Have a command decided; what the reply says. ObstacleError: refused, or undecided."""
    producer.send(sent)
    outcome = producer.outcome(sent, PATIENCE_SECONDS)
    if outcome is None:
        raise ObstacleError(
            f"It was asked for, and nobody has decided it in {PATIENCE_SECONDS:.0f} s: is the administration worker running? "
            "It will be decided as soon as one runs; what was shown here does not count until then."
        )
    if not isinstance(outcome, Reply):
        where = f" ({outcome.field})" if outcome.field else ""
        raise ObstacleError(f"Refused, {outcome.code}{where}: {outcome.detail}")
    return outcome.body


def draw(kind: KeyKind, mode: Mode) -> DrawnKey:
    """A new key."""
    return drawn_key(kind, mode, Clock.entropy(ENTROPY))


def imprint_of(key: DrawnKey) -> Imprint:
    """What may be kept of a key."""
    return Imprint(hash=key.hash, prefix=key.prefix, last4=key.last4)


def hash_of(key: str) -> str:
    """The SHA-256 of a key, in hex, as the store knows it."""
    return hashlib.sha256(key.encode()).hexdigest()
