"""What is said of an entry of a draw, whoever enters the person."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from typing import Any, Final
from uuid import UUID

from api_gateway.http.call import Call
from api_gateway.shapes.draws import EnterDrawBody

_DUPLICATES: Final = b"drumroll/duplicate/1\x00"


def said_on_entering(call: Call, draw_id: UUID, body: EnterDrawBody) -> dict[str, Any]:
    """What a body says of an entry, as a command takes it."""
    return {
        "draw_id": draw_id, "quantity": body.quantity, "tickets": body.tickets, "people": body.people,
        "duplicate_key": _keyed(call, draw_id, body.duplicate_key),
        "preferences": None if body.preferences is None else tuple(body.preferences),
    }  # fmt: skip


def _keyed(call: Call, draw_id: UUID, told_key: str | None) -> bytes | None:
    """The keyed hash by which entries of one household are known, in base64: nobody can guess from it what was said."""
    if told_key is None:
        return None
    said = _DUPLICATES + draw_id.bytes + told_key.encode()
    return b64encode(hmac.new(call.gateway.secret, said, hashlib.sha256).digest())
