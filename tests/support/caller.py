"""An organization of a running installation, as its servers and its visitors call it: over HTTP."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

import aiohttp
import orjson

from cli.registering import KeyPair, NewOrganization

Json = Any
CONSUMER, ADMIN = "/consumer/api/v1", "/admin/api/v1"
LOST = (aiohttp.ClientError, TimeoutError, OSError)
COME_AGAIN = frozenset({429, 503})
PAUSE_SECONDS = 0.2
PATIENCE_SECONDS = 20.0
INSISTENCE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    body: Json
    headers: Mapping[str, str]

    @property
    def told(self) -> str:
        """The status, and the code of a problem."""
        code = self.body.get("code") if isinstance(self.body, dict) and self.status >= 400 else None
        return f"{self.status} {code}" if code else str(self.status)


@dataclass(slots=True)
class Organizer:
    """One organization in one mode. Calls go to the first of `urls`; who insists tries the others as well.

    `seen` counts the answers by status, those of problems by status and code, and calls without an answer as 0.
    """

    session: aiohttp.ClientSession
    urls: Sequence[str]
    made: NewOrganization
    keys: KeyPair
    seen: Counter[str] = field(default_factory=Counter)

    @property
    def as_server(self) -> dict[str, str]:
        """The headers of its server."""
        return {"Authorization": f"Bearer {self.keys.secret}"}

    @property
    def as_visitor(self) -> dict[str, str]:
        """The headers of a stranger on its page."""
        return {"X-Publishable-Key": self.keys.publishable}

    def as_person(self, token: str) -> dict[str, str]:
        """The headers of somebody who is known."""
        return self.as_visitor | {"Authorization": f"Bearer {token}"}

    def at(self, *urls: str) -> "Organizer":
        """The same organization, calling other gateways."""
        return replace(self, urls=urls, seen=Counter())

    def in_test_mode(self) -> "Organizer":
        """The same organization with the keys of its test mode."""
        return replace(self, keys=self.made.test, seen=Counter())

    async def call(
        self, method: str, path: str, json: Json = None, headers: Mapping[str, str] | None = None, at: int = 0
    ) -> Answer:
        """One call of one gateway. aiohttp.ClientError, TimeoutError or OSError when no answer comes."""
        url = self.urls[at % len(self.urls)] + path
        try:
            async with self.session.request(method, url, json=json, headers=headers) as response:
                content = await response.read()
        except LOST:
            self.seen["0"] += 1
            raise
        answer = Answer(response.status, _parsed(content), response.headers)
        self.seen[answer.told] += 1
        return answer

    async def admin(self, method: str, path: str, json: Json = None, **headers: str) -> Answer:
        """A call of the Admin API with the secret key."""
        return await self.call(method, ADMIN + path, json, self.as_server | _named(headers))

    async def server(self, method: str, path: str, json: Json = None, **headers: str) -> Answer:
        """A call of the Consumer API with the secret key."""
        return await self.call(method, CONSUMER + path, json, self.as_server | _named(headers))

    async def visit(self, method: str, path: str, json: Json = None, **headers: str) -> Answer:
        """A call of the Consumer API with the publishable key."""
        return await self.call(method, CONSUMER + path, json, self.as_visitor | _named(headers))

    async def person(self, token: str, method: str, path: str, json: Json = None, **headers: str) -> Answer:
        """A call of the Consumer API as somebody who is known."""
        return await self.call(method, CONSUMER + path, json, self.as_person(token) | _named(headers))

    async def insist(self, method: str, path: str, json: Json, headers: Mapping[str, str], at: int = 0) -> Answer:
        """The final answer: sent again with the same headers, at the next gateway, until there is one.

        What was accepted is followed to its outcome, and answered as the direct call would have answered it.
        """
        until = time.monotonic() + INSISTENCE_SECONDS
        while time.monotonic() < until:
            try:
                answer = await self.call(method, path, json, headers, at)
            except LOST:
                answer = Answer(503, None, {})
            if answer.status == 202:
                return await self.followed(answer, headers, at)
            if answer.status not in COME_AGAIN:
                return answer
            at += 1
            await asyncio.sleep(PAUSE_SECONDS)
        raise AssertionError(f"no answer to {method} {path} in {INSISTENCE_SECONDS:.0f} s")

    async def followed(self, accepted: Answer, headers: Mapping[str, str], at: int = 0) -> Answer:
        """What became of a call that was answered with 202, once that is known: as the direct call would have told it."""
        until = time.monotonic() + INSISTENCE_SECONDS
        while time.monotonic() < until:
            told = await self.insist("GET", accepted.headers["Location"], None, headers, at)
            if told.status != 200:
                return told
            if told.body["status"] in {"SUCCEEDED", "FAILED"}:
                outcome = told.body.get("result", told.body.get("problem"))
                return Answer(told.body["resultStatus"], outcome, told.headers)
            await asyncio.sleep(PAUSE_SECONDS)
        raise AssertionError(f"{accepted.body['id']} was accepted and never decided")

    async def experience(self, **settings: Json) -> Json:
        """A published experience."""
        made = await self.admin("POST", "/experiences", {"name": "Harvest"} | settings)
        assert made.status == 201, made.body
        published = await self.admin("POST", f"/experiences/{made.body['id']}/publish")
        assert published.status == 200, published.body
        return published.body

    async def queue(self, under: Json = None, **settings: Json) -> Json:
        """A queue of a published experience; open at once and fast unless told otherwise."""
        sequence = (under or await self.experience())["sequences"][0]["id"]
        wanted = {"sequenceId": sequence, "name": "Door", "admitRate": 600_000} | settings
        made = await self.admin("POST", "/queues", wanted)
        assert made.status == 201, made.body
        return made.body

    async def enters(self, queue: Json, key: str | None = None, **headers: str) -> Answer:
        """A stranger joins the line."""
        path = f"/queues/{queue['id']}/enter"
        return await self.visit("POST", path, {}, Idempotency_Key=key or strong_key(), **headers)

    async def entered(self, queue: Json) -> Json:
        """The state and the token set of a stranger who has joined the line."""
        answer = await self.enters(queue)
        assert answer.status == 200, answer.body
        return answer.body

    async def state(self, queue: Json, token: str) -> Json:
        """Where somebody stands now."""
        looked = await self.person(token, "GET", f"/queues/{queue['id']}/status")
        assert looked.status == 200, looked.body
        return looked.body

    async def reached(self, queue: Json, token: str, status: str, seconds: float = 20.0) -> Json:
        """Somebody's state once it has this status; a grant with its token."""

        async def there() -> Json:
            state = await self.state(queue, token)
            ready = state["status"] == status and (status != "GRANTED" or state.get("admissionGrant"))
            return state if ready else None

        return await eventually(there, seconds)

    async def granted(self, queue: Json) -> Json:
        """The state of a stranger whose turn has come, with the token set."""
        guest = await self.entered(queue)
        return guest | await self.reached(queue, guest["accessToken"], "GRANTED")


@asynccontextmanager
async def organizer(
    urls: Sequence[str], made: NewOrganization, *, patience: float = PATIENCE_SECONDS, rings: float | None = None
) -> AsyncIterator[Organizer]:
    """An organization on the telephone, in its live mode.

    It hangs up when no answer comes within its `patience`, and when nobody is there after so many seconds that it `rings`.
    """
    timeout = aiohttp.ClientTimeout(total=patience, sock_connect=rings)
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout, json_serialize=_dumps) as session:
        yield Organizer(session, list(urls), made, made.live)


async def eventually(ask: Callable[[], Awaitable[Json]], seconds: float = 20.0) -> Json:
    """What `ask` answers, as soon as that is something; AssertionError when it is nothing for so long."""
    until = time.monotonic() + seconds
    while not (found := await ask()):
        assert time.monotonic() < until, f"not within {seconds} s"
        await asyncio.sleep(0.02)
    return found


async def until(true: Callable[[], bool], seconds: float = 20.0) -> None:
    """Return as soon as this is so; AssertionError when it is not for so long."""

    async def ask() -> bool:
        return true()

    await eventually(ask, seconds)


def strong_key() -> str:
    """An Idempotency-Key that is as good as a password."""
    return f"{uuid4().hex}{uuid4().hex}"


def _named(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def _parsed(content: bytes) -> Json:
    try:
        return orjson.loads(content) if content else None
    except orjson.JSONDecodeError:
        return content.decode(errors="replace")


def _dumps(value: Json) -> str:
    return orjson.dumps(value).decode()
