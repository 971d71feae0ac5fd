"""The kinds whose grants shops ask about and use up: how each is asked, and how its participations are shown. One line a kind."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple
from uuid import UUID

from api_gateway.auth.tokens import Claims
from api_gateway.draw_views import entrant
from api_gateway.shapes.common import Linked
from api_gateway.shapes.draws import DenyEntrantBody, Entrant
from api_gateway.shapes.queues import DenyBody, OrderBody, Participation
from api_gateway.views import participation
from domain.command import Command
from domain.draw.commands import CompleteWin, DenyEntrant, ValidateWin
from domain.queue.commands import CompleteGrant, DenyEntry, ValidateGrant
from store.reads import draws, queues
from store.reads.base import Reader

_NOT_SHOWN: Final = frozenset({"now", "head", "preOpen", "position"})


class Granting(NamedTuple):
    """A kind: its word in paths, the codes for what is missing, what is sent for it and how its people are shown."""

    name: str
    plural: str
    missing: str
    not_inside: str
    shape: type[Linked]
    deny_body: type[Any]
    exists: Callable[[Reader, UUID], Awaitable[bool]]
    deny: Callable[[UUID, Any], Command]
    validate: Callable[[Claims, UUID | None], Command]
    complete: Callable[[Claims, OrderBody], Command]
    complete_for: Callable[[UUID, UUID, OrderBody], Command]
    shown: Callable[[Mapping[str, Any], UUID], dict[str, Any]]


def _grant_of(claims: Claims) -> dict[str, UUID]:
    return {"entry_id": UUID(claims["participationId"]), "grant_id": UUID(claims["jti"])}


def _own(claims: Claims) -> UUID:
    return UUID(claims["distributionId"])


QUEUE: Final = Granting(
    name="queue", plural="queues", missing="QUEUE_NOT_FOUND", not_inside="CONSUMER_NOT_IN_QUEUE", shape=Participation,
    deny_body=DenyBody, exists=queues.exists,
    deny=lambda own_id, body: DenyEntry(
        queue_id=own_id, consumer_id=body.consumer_id, reason=body.reason, note=body.note
    ),
    validate=lambda claims, person: ValidateGrant(queue_id=_own(claims), consumer_id=person, **_grant_of(claims)),
    complete=lambda claims, body: CompleteGrant(
        queue_id=_own(claims), order_id=body.order_id, order=body.details, **_grant_of(claims)
    ),
    complete_for=lambda own_id, person, body: CompleteGrant(
        queue_id=own_id, consumer_id=person, order_id=body.order_id, order=body.details
    ),
    shown=lambda facts, own_id: participation(
        {name: value for name, value in facts.items() if name not in _NOT_SHOWN}, own_id
    ),
)  # fmt: skip
DRAW: Final = Granting(
    name="draw", plural="draws", missing="DRAW_NOT_FOUND", not_inside="CONSUMER_NOT_IN_DRAW", shape=Entrant,
    deny_body=DenyEntrantBody, exists=draws.exists,
    deny=lambda own_id, body: DenyEntrant(
        draw_id=own_id, consumer_id=body.consumer_id, reason=body.reason, note=body.note
    ),
    validate=lambda claims, person: ValidateWin(draw_id=_own(claims), consumer_id=person, **_grant_of(claims)),
    complete=lambda claims, body: CompleteWin(
        draw_id=_own(claims), order_id=body.order_id, order=body.details, **_grant_of(claims)
    ),
    complete_for=lambda own_id, person, body: CompleteWin(
        draw_id=own_id, consumer_id=person, order_id=body.order_id, order=body.details
    ),
    shown=entrant,
)  # fmt: skip
KINDS: Final[Mapping[str, Granting]] = MappingProxyType({kind.name: kind for kind in (QUEUE, DRAW)})
"""Every kind that gives grants, by the word that its grants say."""
