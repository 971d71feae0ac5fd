"""Asking public relays for a round of the beacon. None is believed: what one says is verified, or it said nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import aiohttp
import orjson

from domain.fairness.quicknet import CHAIN_HASH
from runtime.drand import randomness

MOST_BYTES: Final = 4_096
"""An answer has some 250."""
_FORMS: Final = ("{base}/{chain}/public/{round}", "{base}/v2/chains/{chain}/rounds/{round}")
"""The two versions of drand's HTTP API (github.com/drand/http-relay); the first is spoken by every relay."""
_HEADERS: Final = {"Accept": "application/json", "Accept-Encoding": "identity"}
_FAILURES: Final = (
    (UnicodeError, "is no address of a relay"),  # which is what a label of a name that is too long leads to
    (aiohttp.InvalidURL, "is no address of a relay"),
    (aiohttp.NonHttpUrlClientError, "is no address of a relay"),
    (aiohttp.ClientConnectorDNSError, "is no name that is known"),
    (aiohttp.ClientSSLError, "did not show with TLS that it is itself"),
    (aiohttp.ClientConnectorError, "cannot be reached"),
    (aiohttp.ClientError, "broke off, or does not speak HTTP"),
)
_NOT_FOUND, _TOO_EARLY = 404, 425


@dataclass(frozen=True, slots=True)
class Beacon:
    """A round of the chain, verified."""

    round: int
    randomness: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Silence:
    """No relay gave the round: a sentence for each that was asked. They may name what only operators should know."""

    reasons: tuple[str, ...]


class _UselessError(Exception):
    """What a relay answered is no beacon, and why."""


def fetch(round_number: int, urls: Sequence[str], seconds: float) -> Beacon | Silence:
    """The round from whichever relay gives it first. All are asked at once, and nobody is waited for longer than `seconds`.

    `urls` are base addresses, as of Settings.beacon_urls. A relay keeps whoever asks for the next round waiting until it
    is due. Not for a thread that runs an event loop: see `ask`.
    """
    loop = asyncio.new_event_loop()  # not asyncio.run, because that waits for look-ups of names however long they take
    try:
        return loop.run_until_complete(_alone(round_number, urls, seconds))
    finally:
        loop.close()


async def ask(round_number: int, urls: Sequence[str], seconds: float) -> Beacon | Silence:
    """As `fetch`, in an event loop."""
    async with aiohttp.ClientSession(auto_decompress=False, headers=_HEADERS) as session:
        asked = [asyncio.create_task(_told(session, url, round_number, seconds)) for url in dict.fromkeys(urls)]
        try:
            return await _first(asked)
        finally:
            await _cancelled(asked)


async def _alone(round_number: int, urls: Sequence[str], seconds: float) -> Beacon | Silence:
    try:
        return await ask(round_number, urls, seconds)
    finally:
        await _cancelled([task for task in asyncio.all_tasks() if task is not asyncio.current_task()])


async def _first(asked: Sequence[asyncio.Task[Beacon | str]]) -> Beacon | Silence:
    reasons = []
    for done in asyncio.as_completed(asked):
        answer = await done
        if isinstance(answer, Beacon):
            return answer
        reasons.append(answer)
    return Silence(tuple(reasons))


async def _cancelled(tasks: Sequence[asyncio.Task[object]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _told(session: aiohttp.ClientSession, url: str, round_number: int, seconds: float) -> Beacon | str:
    """The beacon, or a sentence about this relay."""
    relay = _named(url)
    try:
        async with asyncio.timeout(seconds):
            return _verified(round_number, await _answer(session, url, round_number))
    except _UselessError as useless:
        return f"{relay} {useless}"
    except (TimeoutError, UnicodeError, aiohttp.ClientError) as failure:
        return f"{relay} {_why(failure, seconds)}"


def _why(failure: Exception, seconds: float) -> str:
    """In words of ours alone, because the library's quote what the relay sent, and the whole address."""
    if isinstance(failure, TimeoutError):
        return f"did not answer within {seconds:g} s"
    return next(sentence for kind, sentence in _FAILURES if isinstance(failure, kind))


def _named(url: str) -> str:
    """A relay's host and port, because the rest of an address may hold a password."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2] or "what has no host"
    except ValueError:
        return "what has no host"


async def _answer(session: aiohttp.ClientSession, url: str, round_number: int) -> bytes:
    """What the relay has for the round, in the older form of the API or else in the newer."""
    status = _NOT_FOUND
    for form in _FORMS:
        address = form.format(base=url.rstrip("/"), chain=CHAIN_HASH, round=round_number)
        # A redirection is an answer like any other, because an address that was allowed says nothing for where it points.
        async with session.get(address, allow_redirects=False) as response:
            status = response.status
            if status == 200:
                return await _body(response)
        if status != _NOT_FOUND:
            break
    raise _UselessError(_refusal(status, round_number))


def _refusal(status: int, round_number: int) -> str:
    if status == _NOT_FOUND:
        return f"has no round {round_number} of this chain, or not yet"
    if status == _TOO_EARLY:
        return f"says that round {round_number} is not due yet"
    return f"answered {status}"


async def _body(response: aiohttp.ClientResponse) -> bytes:
    try:
        await response.content.readexactly(MOST_BYTES + 1)
    except asyncio.IncompleteReadError as whole:
        return whole.partial
    raise _UselessError(f"answered with more than {MOST_BYTES} bytes")


def _verified(round_number: int, body: bytes) -> Beacon:
    try:
        signature = bytes.fromhex(orjson.loads(body)["signature"])
    except (ValueError, TypeError, KeyError):
        raise _UselessError("answered something that holds no signature") from None
    value = randomness(round_number, signature)
    if value is None:
        raise _UselessError(f"gave a signature that is not the chain's for round {round_number}")
    return Beacon(round_number, value, signature)
