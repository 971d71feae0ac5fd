"""The cheat at work: every forged, expired and foreign credential is tried, and what was answered is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from cli.crowd.door import PATIENT, Answer, Call, Door, call
from cli.crowd.forgery import forged_tokens
from cli.crowd.room import WaitingRoom
from cli.crowd.shop import Shop
from cli.crowd.tally import NO_ANSWER

UNAUTHENTICATED, NOT_FOUND, BAD_REQUEST = frozenset({401}), frozenset({404}), frozenset({400})
FORBIDDEN = frozenset({401, 403})
NOWHERE = "00000000-0000-7000-8000-000000000000"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to get in on something that is not good, and whether it was refused as it must be."""

    name: str
    status: int
    code: str
    refused: bool


class Forger:
    """Shared by all cheats of a crowd; `attempts` is what they tried."""

    def __init__(self, door: Door, room: WaitingRoom, shop: Shop, published: Mapping[str, Any]) -> None:
        self.attempts: list[Attempt] = []
        self._door, self._room, self._shop, self._published = door, room, shop, published

    async def try_tokens(self, genuine: str) -> None:
        """Every forgery of a genuine access token, on a read and on a write."""
        for name, token in forged_tokens(genuine, self._published):
            for sent in self._calls_with(token):
                await self._must_be(UNAUTHENTICATED, f"token: {name}", sent)

    async def try_places(self, genuine: str, key: str) -> None:
        """Queues that are not there, and enters without the key of one's own that a guest needs."""
        url = f"{self._room.base}/queues/{NOWHERE}"
        known, anonymous = self._room.known(genuine), self._room.anonymous
        await self._must_be(NOT_FOUND, "queue of nobody: status", self._call("GET", f"{url}/status", known))
        await self._must_be(NOT_FOUND, "queue of nobody: enter", self._call("POST", f"{url}/enter", known))
        enter = f"{self._room.queue_url}/enter"
        await self._must_be(BAD_REQUEST, "guest without a key", self._call("POST", enter, anonymous))
        short = {**anonymous, "Idempotency-Key": key[:8]}
        await self._must_be(BAD_REQUEST, "guest with a short key", self._call("POST", enter, short))
        stranger = {**anonymous, "X-Publishable-Key": "dr_pk_test_" + "0" * 32, "Idempotency-Key": key}
        await self._must_be(UNAUTHENTICATED, "publishable key of nobody", self._call("POST", enter, stranger))

    async def try_shop(self, genuine: str) -> None:
        """An access token in place of a grant, and a publishable key in place of a secret one."""
        await self.must_be_invalid("access token as grant", await self._shop.validate(genuine))
        body = {"admissionGrant": genuine, "orderId": "forged"}
        complete = f"{self._shop.base}/admission/complete"
        await self._must_be(BAD_REQUEST, "access token bought", self._call("POST", complete, self._shop.headers, body))
        public = {**self._shop.headers, "Authorization": f"Bearer {self._room.anonymous['X-Publishable-Key']}"}
        await self._must_be(FORBIDDEN, "publishable key as secret", self._call("POST", complete, public, body))

    async def try_grant(self, grant: str) -> None:
        """A genuine grant, but as an access token, forged, of somebody else, or for another queue."""
        for sent in self._calls_with(grant):
            await self._must_be(UNAUTHENTICATED, "grant as access token", sent)
        for name, token in forged_tokens(grant, self._published):
            await self.must_be_invalid(f"grant: {name}", await self._shop.validate(token))
        await self.must_be_invalid("grant of somebody else", await self._shop.validate(grant, consumerId=NOWHERE))
        await self.must_be_invalid("grant elsewhere", await self._shop.validate(grant, distributionId=NOWHERE))

    async def must_be_invalid(self, name: str, answer: Answer) -> None:
        """A look at the answer of a validation that must say no."""
        self._keep(name, answer, refused=answer.status == HTTPStatus.OK and answer.body.get("valid") is False)

    def must_conflict(self, name: str, answer: Answer) -> None:
        """A look at the answer of a completion that must be refused as too late or too much."""
        self._keep(name, answer, refused=answer.status == HTTPStatus.CONFLICT)

    def _calls_with(self, token: str) -> tuple[Call, ...]:
        known = self._room.known(token)
        return self._call("GET", f"{self._room.queue_url}/status", known), self._call(
            "POST", f"{self._room.queue_url}/enter", known
        )

    def _call(self, method: str, url: str, headers: Mapping[str, str], body: dict[str, Any] | None = None) -> Call:
        return call("forge", method, url, headers, body=body if body or method == "GET" else {})

    async def _must_be(self, refusals: frozenset[int], name: str, sent: Call) -> None:
        expecting = Call(sent.operation, sent.method, sent.url, sent.headers, sent.body, refusals)
        answer = await self._door.insist(expecting)
        self._keep(name, answer, refused=answer.status in refusals)

    def _keep(self, name: str, answer: Answer, *, refused: bool) -> None:
        """No answer, or one that only says to come again, is no evidence either way."""
        if answer.status != NO_ANSWER and answer.status not in PATIENT:
            self.attempts.append(Attempt(name, answer.status, answer.code, refused))
