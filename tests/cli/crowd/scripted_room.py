"""A waiting room in memory, over real HTTP on loopback: what the crowd is tried on where the system is not the subject.

It answers as the Launch API does, keeps its promises, and can be told to break one.
"""

# ruff: noqa: D102 (because a stand-in for a server promises what the API does)

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import uuid4

import orjson
from aiohttp import web

from domain.times import iso
from tests.cli.crowd.scripted_answers import ProblemError, problems, told
from tests.cli.crowd.scripted_draw_room import PK, SK, ScriptedDrawRoom
from tests.cli.crowd.scripted_line import Entry

__all__ = ["PK", "SK", "ScriptedRoom", "served"]


class ScriptedRoom(ScriptedDrawRoom):
    """The line behind HTTP. `faulty` rooms answer every tenth enter with a fault of the server."""

    def __init__(self, *, faulty: bool = False) -> None:
        super().__init__()
        self.faulty = faulty
        self.operations: dict[str, dict[str, Any]] = {}
        self.commands = 0

    def queue(self, request: web.Request) -> None:
        if request.match_info["id"] != self.config.get("id"):
            raise ProblemError(404, "QUEUE_NOT_FOUND")

    # the Consumer API

    async def guest(self, request: web.Request) -> web.Response:
        self.consumer_of(request)
        consumer = str(uuid4())
        return told({"session": {"consumerId": consumer}, "accessToken": self.access(consumer)}, 201)

    async def enter(self, request: web.Request) -> web.Response:
        consumer = self.consumer_of(request)
        self.queue(request)
        now = self.advance()
        key = request.headers.get("Idempotency-Key", "")
        if consumer is None and len(key) < 22:
            raise ProblemError(400, "INVALID_REQUEST")
        if now < self.at("entryOpenAt"):
            raise ProblemError(423, "QUEUE_NOT_OPEN", math.ceil((self.at("entryOpenAt") - now).total_seconds()))
        self.commands += 1
        if self.faulty and self.commands % 10 == 0:
            raise ProblemError(500, "INTERNAL_ERROR")
        entry = self._entered(consumer or self.by_key.setdefault(key, str(uuid4())), now)
        secrets = {} if consumer else {"accessToken": self.access(entry.consumer)}
        if self.commands % 7 == 0:
            return self._accepted(self.state(entry) | secrets)
        return told(self.state(entry) | secrets)

    def _entered(self, consumer: str, now: datetime) -> Entry:
        if consumer not in self.by_consumer:
            entry = Entry(str(uuid4()), consumer, len(self.entries), now, moments={"enteredAt": now})
            self.entries.append(entry)
            self.by_consumer[consumer] = entry
        return self.by_consumer[consumer]

    def _accepted(self, result: dict[str, Any]) -> web.Response:
        operation = str(uuid4())
        self.operations[operation] = {"id": operation, "status": "SUCCEEDED", "resultStatus": 200, "result": result}
        return told({}, 202, {"Location": f"/api/v1/operations/{operation}", "Retry-After": "1"})

    async def operation(self, request: web.Request) -> web.Response:
        return told(self.operations[request.match_info["id"]])

    async def status(self, request: web.Request) -> web.Response:
        return told(self.state(self._known(request)))

    async def leave(self, request: web.Request) -> web.Response:
        entry = self._known(request)
        if entry.status in {"QUEUED", "GRANTED"}:
            self.end(entry, "LEFT", "leftAt", self.now())
        return told(self.state(entry))

    def _known(self, request: web.Request) -> Entry:
        consumer = self.consumer_of(request)
        self.queue(request)
        self.advance()
        if consumer is None:
            raise ProblemError(401, "AUTHENTICATION_REQUIRED")
        return self.by_consumer[consumer]

    async def events(self, request: web.Request) -> web.StreamResponse:
        entry = self._known(request)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        version = 0
        while entry.status in {"QUEUED", "GRANTED"}:
            if entry.version != version:
                version = entry.version
                state = orjson.dumps(self.state(entry))
                await response.write(b"id: 1\nevent: state\ndata: " + state + b"\n\n: still here\n\n")
            await asyncio.sleep(0.05)
        return response

    # the shop

    async def validate(self, request: web.Request) -> web.Response:
        self.shop(request)
        body = await request.json()
        entrant = self.winner(body)
        if entrant is not None and body.get("distributionId") == self.draw.id:
            return told({"valid": entrant.status == "WON"})
        entry, code = self._granted(body)
        told_code = {"valid": False, "code": code}
        return told({"valid": True} if entry is not None and not code else told_code)

    async def complete(self, request: web.Request) -> web.Response:
        self.shop(request)
        body = await request.json()
        entrant = self.winner(body)
        if entrant is not None:
            entrant.becomes("COMPLETED")
            return told(self.draw.state(entrant))
        entry, code = self._granted(body)
        if entry is not None and entry.status == "COMPLETED" and entry.order == body["orderId"]:
            return told(self.state(entry))
        if entry is None or code:
            raise ProblemError(400 if code == "GRANT_INVALID" else 409, code)
        entry.order = body["orderId"]
        self.end(entry, "COMPLETED", "completedAt", self.now())
        return told(self.state(entry))

    def _granted(self, body: dict[str, Any]) -> tuple[Entry | None, str]:
        claims = self.signer.claims("admission+jwt", body["admissionGrant"])
        self.advance()
        if claims is None:
            return None, "GRANT_INVALID"
        entry = self.by_consumer[claims["sub"]]
        if body.get("consumerId", entry.consumer) != entry.consumer:
            return entry, "CONSUMER_MISMATCH"
        if body.get("distributionId", self.config["id"]) != self.config["id"]:
            return entry, "DISTRIBUTION_MISMATCH"
        codes = {"GRANTED": "", "COMPLETED": "GRANT_ALREADY_USED", "DENIED": "GRANT_EXPIRED", "LEFT": "GRANT_REVOKED"}
        return entry, codes[entry.status]

    # the Admin API

    async def make_experience(self, request: web.Request) -> web.Response:
        self.shop(request)
        return told({"id": str(uuid4()), "createdAt": iso(self.now()), "sequences": [{"id": str(uuid4())}]}, 201)

    async def publish(self, _request: web.Request) -> web.Response:
        return told({"published": True})

    async def make_queue(self, request: web.Request) -> web.Response:
        self.shop(request)
        self.config = await request.json() | {"id": str(uuid4()), "batchIntervalSeconds": 1, "onExpiry": "deny"}
        return told(self.config, 201)

    async def one_queue(self, request: web.Request) -> web.Response:
        self.queue(request)
        self.advance()
        members = {"waitingCount": "QUEUED", "activeGrants": "GRANTED", "completedCount": "COMPLETED"}
        counts = {member: sum(e.status == status for e in self.entries) for member, status in members.items()}
        return told(self.config | counts | {"orderFixedAt": iso(self.opened)})

    async def consumers(self, request: web.Request) -> web.Response:
        start = int(request.query["after"] or 0)
        end = start + min(40, int(request.query["per_page"]))
        following = f"{request.path}?per_page=40&after={end}" if end < len(self.entries) else None
        page = [self.listed(entry) for entry in self.entries[start:end]]
        return told({"data": page, "pagination": {"next": following, "prev": None, "pages": None, "total": None}})

    async def proof_document(self, _request: web.Request) -> web.Response:
        return told(self.proof)

    async def proof_entries(self, _request: web.Request) -> web.Response:
        lines = [orjson.dumps(self._line(entry).as_json()) for entry in self.entries[: self.proof["count"]]]
        return web.Response(body=b"\n".join(lines))

    async def keys(self, _request: web.Request) -> web.Response:
        return told({"keys": [self.signer.jwk]})

    def app(self) -> web.Application:
        app = web.Application(middlewares=[problems])
        consumer, admin = "/consumer/api/v1", "/admin/api/v1"
        app.add_routes(
            [
                web.get("/.well-known/jwks.json", self.keys),
                web.post(f"{consumer}/auth/guest", self.guest),
                web.post(consumer + "/queues/{id}/enter", self.enter),
                web.get(consumer + "/queues/{id}/status", self.status),
                web.post(consumer + "/queues/{id}/leave", self.leave),
                web.get(consumer + "/queues/{id}/events", self.events),
                web.get(consumer + "/operations/{id}", self.operation),
                web.post(f"{consumer}/admission/validate", self.validate),
                web.post(f"{consumer}/admission/complete", self.complete),
                web.post(f"{admin}/experiences", self.make_experience),
                web.post(admin + "/experiences/{id}/publish", self.publish),
                web.post(f"{admin}/queues", self.make_queue),
                web.get(admin + "/queues/{id}", self.one_queue),
                web.get(admin + "/queues/{id}/consumers", self.consumers),
                web.get(admin + "/queues/{id}/proof", self.proof_document),
                web.get(admin + "/queues/{id}/proof/entries", self.proof_entries),
            ]
        )
        app.add_routes(self.draw_routes(consumer, admin))
        return app


@asynccontextmanager
async def served(room: ScriptedRoom) -> AsyncIterator[str]:
    """The room on a free port of loopback; yields its address."""
    runner = web.AppRunner(room.app(), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
