"""The draw of a waiting room in memory, over HTTP."""

# ruff: noqa: D102 (because a stand-in for a server promises what the API does)

from __future__ import annotations

from typing import Any
from uuid import uuid4

import orjson
from aiohttp import web

from domain.times import iso
from tests.cli.crowd.scripted_answers import ProblemError, told
from tests.cli.crowd.scripted_draw import Entrant, ScriptedDraw
from tests.cli.crowd.scripted_line import ScriptedLine

PK, SK = "dr_pk_test_" + "a" * 32, "dr_sk_test_" + "b" * 43


class ScriptedDrawRoom(ScriptedLine):
    """The draw beside the line, and who may ask."""

    def __init__(self) -> None:
        super().__init__()
        self.draw = ScriptedDraw(self.signer)

    # who asks

    def consumer_of(self, request: web.Request) -> str | None:
        if request.headers.get("X-Publishable-Key") != PK:
            raise ProblemError(401, "INVALID_KEY")
        bearer = request.headers.get("Authorization")
        if bearer is None:
            return None
        claims = self.signer.claims("at+jwt", bearer.removeprefix("Bearer "))
        if claims is None:
            raise ProblemError(401, "INVALID_TOKEN")
        return str(claims["sub"])

    def shop(self, request: web.Request) -> None:
        if request.headers.get("Authorization") != f"Bearer {SK}":
            raise ProblemError(403, "SECRET_KEY_REQUIRED")

    # the Consumer API

    async def enter_draw(self, request: web.Request) -> web.Response:
        consumer, now = self.consumer_of(request), self.now()
        self.draw.advance(now)
        if not self.draw.takes_entries(now):
            raise ProblemError(409, "DRAW_CLOSED")
        key = request.headers.get("Idempotency-Key", "")
        entrant = self.draw.enter(consumer or self.by_key.setdefault(key, str(uuid4())), await request.json())
        return told(self.draw.state(entrant) | ({} if consumer else {"accessToken": self.access(entrant.consumer)}))

    async def draw_status(self, request: web.Request) -> web.Response:
        return told(self.draw.state(self._entrant(request)))

    async def leave_draw(self, request: web.Request) -> web.Response:
        entrant = self._entrant(request)
        self.draw.leave(entrant, self.now())
        return told(self.draw.state(entrant))

    def _entrant(self, request: web.Request) -> Entrant:
        self.draw.advance(self.now())
        return self.draw.by_consumer[self.consumer_of(request) or ""]

    def winner(self, body: dict[str, Any]) -> Entrant | None:
        """Who holds this grant of the draw; None for a grant of the line, or none."""
        claims = self.signer.claims("admission+jwt", body["admissionGrant"])
        ours = claims is not None and claims["distributionId"] == self.draw.id
        return self.draw.by_consumer[claims["sub"]] if claims is not None and ours else None

    # the Admin API

    async def make_draw(self, request: web.Request) -> web.Response:
        self.shop(request)
        return told(self.draw.make(await request.json()) | {"createdAt": iso(self.now())}, 201)

    async def change_draw(self, request: web.Request) -> web.Response:
        self.shop(request)
        self.draw.config |= await request.json()
        return told(self.draw.config)

    async def one_draw(self, _request: web.Request) -> web.Response:
        self.draw.advance(self.now())
        return told(self.draw.kept())

    async def entrants(self, _request: web.Request) -> web.Response:
        return told({"data": self.draw.listed(), "pagination": {"next": None}})

    async def draw_file(self, _request: web.Request) -> web.Response:
        return web.Response(body=b"\n".join(orjson.dumps(line) for line in self.draw.played.lines()))

    def draw_routes(self, consumer: str, admin: str) -> list[web.RouteDef]:
        return [
            web.post(f"{admin}/draws", self.make_draw),
            web.get(admin + "/draws/{id}", self.one_draw),
            web.patch(admin + "/draws/{id}", self.change_draw),
            web.get(admin + "/draws/{id}/consumers", self.entrants),
            web.get(admin + "/draws/{id}/proof/file", self.draw_file),
            web.post(consumer + "/draws/{id}/enter", self.enter_draw),
            web.get(consumer + "/draws/{id}/status", self.draw_status),
            web.post(consumer + "/draws/{id}/leave", self.leave_draw),
        ]
