"""A look at one's place by somebody who has looked before: answered without a framework, a coroutine or a question.

People who wait look again and again, and nothing about them changes. What the first look found out (who asks, what limits
apply, where the person stands) is kept under the token's digest; every later look only checks that all of it still holds,
and whoever asks for something else, or from somewhere else, goes the long way round.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from api_gateway.auth import Key, Keys, digest
from api_gateway.limits import Counter, ReadLimits, Terms
from api_gateway.live.line import Line, Standing
from api_gateway.live.state import state_json
from api_gateway.recent import Recent
from runtime.clock import Clock

KEPT: Final = 200_000
_ASKS_FOR_MORE: Final = frozenset({b"prefer", b"x-request-id"})
Header = tuple[bytes, bytes]
Answer = tuple[bytes, list[Header]]


@dataclass(frozen=True, slots=True)
class Sender:
    """Where a request comes from: the address of its connection, what proxies say of it, and the page's origin."""

    peer: str
    forwarded: bytes | None
    origin: bytes | None


@dataclass(slots=True)
class Look:
    """What the first look of a person found out. `ends` is when the token or the key ends, in unix seconds.

    `readable` are the headers by which a browser lets the page read the answer.
    """

    key: Key
    standing: Standing
    ends: float
    sender: Sender
    line: Line
    terms: Terms
    counters: tuple[Counter, ...]
    readable: Sequence[Header] = ()


class Glances:
    """Answers looks that need nothing new; returns None for all others."""

    def __init__(self, keys: Keys, limits: ReadLimits, clock: Clock) -> None:
        self._keys, self._limits, self._clock = keys, limits, clock
        self._looks = Recent[bytes, Look](KEPT)

    def keep(self, authorization: bytes, look: Look) -> None:
        """Remember what a look found out."""
        self._looks.put(digest(authorization), look)

    def forget(self) -> None:
        """Send everybody the long way round once."""
        self._looks.clear()

    def answer(self, queue_id: str, headers: Mapping[bytes, bytes], peer: str) -> Answer | None:
        """The body and headers of the answer, when everything is as it was at an earlier look; else None."""
        look = self._looks.get(digest(headers.get(b"authorization", b"")))
        if look is None or look.line.name != queue_id or not _ASKS_FOR_MORE.isdisjoint(headers):
            return None
        came = look.sender
        if (
            came.peer != peer
            or came.origin != headers.get(b"origin")
            or came.forwarded != headers.get(b"x-forwarded-for")
        ):
            return None
        known, presented = self._keys.remembered(_text(headers.get(b"x-publishable-key", b"")))
        return self._told(look) if known and presented is look.key else None

    def _told(self, look: Look) -> Answer | None:
        """The answer to a look that is known, if the token, the line and the place in it are still good."""
        line, now, at = look.line, self._clock.now(), self._clock.monotonic()
        standing, unix = look.standing, now.timestamp()
        if standing.gone or unix >= look.ends or not line.visible or not line.fresh(at):
            return None
        if standing.status == "GRANTED" and not standing.token:
            return None
        said = self._limits.glance(look.terms, look.counters, unix * 1_000_000)
        if said is None:
            return None
        said += look.readable
        said.append((b"x-request-id", self._clock.new_id_text(int(unix * 1000))))
        line.asked_at = at
        line.saw(standing)
        return state_json(line, standing, now), said


@lru_cache(maxsize=4096)
def sender(peer: str, forwarded: bytes | None, origin: bytes | None) -> Sender:
    """One sender for all who come the same way, because there may be a hundred thousand of them."""
    return Sender(peer, forwarded, origin)


@lru_cache(maxsize=1024)
def _text(key: bytes) -> str:
    """The text of a header that comes again and again."""
    return key.decode("latin-1")
