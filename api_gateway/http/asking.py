"""How a request asks for a command: under which id, with how much patience, against which limits."""

from __future__ import annotations

from uuid import UUID

from api_gateway.auth import Caller
from api_gateway.context import Asked, Gateway
from api_gateway.http.bodies import decoded, fingerprint
from api_gateway.http.idempotency import command_id, guest_key, idempotency_key
from api_gateway.http.prefer import preference
from api_gateway.http.raw import RawRequest
from api_gateway.limits import ENTRY, Ask


def asked(gateway: Gateway, request: RawRequest, caller: Caller, parent: UUID, sent: bytes, limit_class: str) -> Asked:
    """The asking of a call whose Idempotency-Key is optional. `parent` is the aggregate that its command changes.

    Problem 400 for a malformed key.
    """
    return _asked(gateway, request, caller, (parent, idempotency_key(request.headers)), sent, limit_class)


def asked_as_guest(gateway: Gateway, request: RawRequest, caller: Caller, parent: UUID, sent: bytes) -> Asked:
    """The asking of a stranger's enter. Problem 400 without an Idempotency-Key that can hold 128 random bits."""
    return _asked(gateway, request, caller, (parent, guest_key(request.headers)), sent, ENTRY)


def limit(gateway: Gateway, request: RawRequest, caller: Caller, limit_class: str) -> Ask:
    """What this call asks of the limits."""
    return gateway.policies.ask(limit_class, caller, gateway.addresses.of(request.peer, request.headers))


def _asked(
    gateway: Gateway, request: RawRequest, caller: Caller, named: tuple[UUID, str | None], sent: bytes, limit_class: str
) -> Asked:
    parent, key = named
    if key is None:
        own_id, keyed = gateway.clock.new_id(), None
    else:
        own_id = command_id(gateway.secret, caller, (request.method, request.path), key, parent)
        keyed = fingerprint(decoded(sent))
    told = preference(request.headers)
    ask = limit(gateway, request, caller, limit_class)
    return Asked(own_id, request.id, keyed, told.wait, told.respond_async, ask, told.applied)
