"""The front door as a client sees it: one request and its answer, timed and counted; repeated when that is right.

A repeat goes by what the answers say: Retry-After on 423, 429 and 503, a broken connection at once and then
more slowly. A 202 is followed to its operation. Everything else is final.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from random import Random
from typing import Any, Final

import aiohttp
import orjson
from yarl import URL

from cli.crowd.tally import NO_ANSWER, Surprise, Tally
from runtime.clock import Clock

PATIENT = frozenset({423, 429, 503})
"""Statuses that mean: come again after Retry-After."""

LOST = (aiohttp.ClientError, TimeoutError, OSError)
DECIDED = frozenset({"SUCCEEDED", "FAILED"})
"""Ends of an operation."""

SLOWEST_RETRY = 4.0
OPERATION_PAUSE = 0.3


@dataclass(frozen=True, slots=True)
class Call:
    """One request as it is sent, again and again if need be. `expected` are the statuses it may answer."""

    operation: str
    method: str
    url: URL
    headers: Mapping[str, str]
    body: bytes | None = None
    expected: frozenset[int] = frozenset({200})


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; `status` is NO_ANSWER and `body` empty when nothing did."""

    status: int
    body: Mapping[str, Any] = field(default_factory=dict)
    retry_after: float | None = None
    location: str = ""
    request_id: str = ""

    @property
    def code(self) -> str:
        """The problem's code, or empty."""
        code = self.body.get("code")
        return code if isinstance(code, str) else ""

    @property
    def refused(self) -> bool:
        """Whether the request was understood and turned down."""
        return HTTPStatus.BAD_REQUEST <= self.status < HTTPStatus.INTERNAL_SERVER_ERROR


OK: Final = frozenset({200})


def call(
    operation: str,
    method: str,
    url: str,
    headers: Mapping[str, str],
    *,
    body: object = None,
    expected: frozenset[int] = OK,
) -> Call:
    """A call whose body is JSON; None sends none."""
    content = None if body is None else orjson.dumps(body)
    return Call(operation, method, URL(url, encoded=True), headers, content, expected)


class Door:
    """Sends calls over one shared session. `until` is the moment on the stopwatch after which nothing is repeated."""

    def __init__(
        self, session: aiohttp.ClientSession, tally: Tally, clock: Clock, chance: Random, until: float
    ) -> None:
        self.session = session
        self.tally = tally
        self.until = until
        self.now = clock.monotonic
        self._chance = chance

    async def ask(self, sent: Call) -> Answer:
        """One exchange: timed, counted, and looked at; an answer outside `expected` is kept as a surprise."""
        began = self.now()
        try:
            async with self.session.request(sent.method, sent.url, headers=sent.headers, data=sent.body) as response:
                answer = _answer(response, await response.read())
        except LOST:
            answer = Answer(NO_ANSWER)
        return self.judge(sent, answer, began)

    def judge(self, sent: Call, answer: Answer, began: float) -> Answer:
        """Counts an exchange that began at `began` on the stopwatch, and keeps the answer if nobody expected it."""
        self.tally.exchange(sent.operation, answer.status, self.now() - began)
        if not _allowed(answer, sent):
            self.tally.surprise(Surprise(sent.operation, answer.status, answer.code, answer.request_id))
        return answer

    async def insist(self, sent: Call) -> Answer:
        """The final answer to a call, however often it must be sent, and of its operation if it was accepted."""
        answer, attempt = await self.ask(sent), 0
        while (pause := self._pause(answer, attempt)) is not None:
            await asyncio.sleep(pause)
            answer, attempt = await self.ask(sent), attempt + 1
        return await self._followed(answer, sent) if answer.status == HTTPStatus.ACCEPTED else answer

    def _pause(self, answer: Answer, attempt: int) -> float | None:
        """Seconds until the next attempt, None when the answer is final or no time is left."""
        if answer.status == NO_ANSWER:
            pause = min(SLOWEST_RETRY, 0.1 * 2**attempt)
        elif answer.status in PATIENT and answer.retry_after is not None:
            pause = answer.retry_after
        else:
            return None
        pause *= 1 + 0.2 * self._chance.random()
        return pause if self.now() + pause < self.until else None

    async def _followed(self, accepted: Answer, sent: Call) -> Answer:
        """The outcome of an accepted command: its operation is asked until it is decided or time is up."""
        url = _operation_url(accepted.location, sent.url)
        if url is None:
            self.tally.surprise(Surprise(sent.operation, 202, "NO_LOCATION", accepted.request_id))
            return accepted
        question = Call("operation", "GET", url, sent.headers)
        while self.now() < self.until:
            await asyncio.sleep(OPERATION_PAUSE * (1 + 0.2 * self._chance.random()))
            answer = await self.insist(question)
            if answer.status != HTTPStatus.OK or answer.body.get("status") in DECIDED:
                return _outcome(answer, accepted)
        return accepted


def _answer(response: aiohttp.ClientResponse, content: bytes) -> Answer:
    headers = response.headers
    return Answer(
        status=response.status,
        body=_object(content),
        retry_after=_whole_seconds(headers.get("Retry-After")),
        location=headers.get("Location", ""),
        request_id=headers.get("X-Request-Id", ""),
    )


def _object(content: bytes) -> Mapping[str, Any]:
    try:
        body = orjson.loads(content) if content else {}
    except orjson.JSONDecodeError:
        return {"text": content[:200].decode(errors="replace")}
    return body if isinstance(body, dict) else {"list": body}


def _whole_seconds(text: str | None) -> float | None:
    return float(text) if text is not None and text.isdigit() else None


def _allowed(answer: Answer, sent: Call) -> bool:
    if answer.status in PATIENT:
        return answer.retry_after is not None or answer.status in sent.expected
    return answer.status == NO_ANSWER or answer.status in sent.expected


def _operation_url(location: str, beside: URL) -> URL | None:
    """The operation's URL under the base that the call itself used.

    Only the operation's id is taken from the Location, because behind a path prefix or a proxy the server's
    own idea of its address need not be the one that was dialled.
    """
    operation_id = location.rstrip("/").rpartition("/operations/")[2]
    base, found, _rest = str(beside).partition("/api/v1/")
    return URL(f"{base}/api/v1/operations/{operation_id}", encoded=True) if operation_id and found else None


def _outcome(operation: Answer, accepted: Answer) -> Answer:
    """What the direct call would have answered."""
    if operation.status != HTTPStatus.OK:
        return operation
    status = operation.body.get("resultStatus")
    body = operation.body.get("result") or operation.body.get("problem") or {}
    return Answer(status if isinstance(status, int) else 200, body, None, "", accepted.request_id)
