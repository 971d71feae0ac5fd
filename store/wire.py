"""The bytes of a batch: envelopes as JSON, one array each. Yesterday's batches must still decode."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from pydantic import ValidationError

from domain.catalogue import COMMANDS
from domain.command import Actor, Command, Envelope
from domain.ids import same_id


@dataclass(frozen=True, slots=True)
class Unknown:
    """A command of a type or version that this program does not know: it is handed back, never buried."""

    id: UUID
    type: str
    version: int
    raw: list[Any]


def partition_of(aggregate_id: UUID, partitions: int) -> int:
    """The partition of an aggregate: CRC-32 of its id, the same in every process and language."""
    return zlib.crc32(aggregate_id.bytes) % partitions


def encode(envelopes: Iterable[Envelope[Command]]) -> bytes:
    """A batch's body."""
    return orjson.dumps([_array(sent) for sent in envelopes])


def encode_raw(arrays: Iterable[list[Any]]) -> bytes:
    """A batch's body from envelopes that were left encoded."""
    return orjson.dumps(list(arrays))


def arrays(body: bytes) -> list[list[Any]]:
    """The encoded envelopes of a batch."""
    decoded: list[list[Any]] = orjson.loads(body)
    return decoded


def decode(array: list[Any]) -> Envelope[Command] | Unknown:
    """One envelope. Unknown types and versions come back as such, and so does a body that its class does not take.

    Members are only ever added to a class, so such a body was written by a newer program of the same version.
    """
    command_id, name, version, tenant, actor_type, actor_id, request_id, gateway, hops, keyed, body = array[:11]
    own_id, tenant_id = UUID(command_id), same_id(tenant)
    command = COMMANDS.get(name)
    if command is None or version > command.version:
        return Unknown(own_id, name, version, array)
    actor = Actor(actor_type, same_id(actor_id))
    try:
        parsed = command.model_validate(body)
    except ValidationError:
        return Unknown(own_id, name, version, array)
    return Envelope(own_id, tenant_id, actor, UUID(request_id), parsed, gateway, hops, keyed, any(array[11:12]))


def _array(sent: Envelope[Command]) -> list[Any]:
    body = sent.body
    return [
        sent.id, body.type, body.version, sent.tenant_id, sent.actor.type, sent.actor.id, sent.request_id,
        sent.gateway, sent.hops, sent.keyed, body.model_dump(mode="json", exclude_defaults=True),
        *([True] if sent.may_repeat else ()),
    ]  # fmt: skip
