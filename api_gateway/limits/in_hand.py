"""How many writes a gateway has in hand: load is shed before anything is done for it, and by whoever brings most of it.

A request that waits holds memory, and makes all who come after it wait. So the number in hand is bounded, and of what is
bounded nobody may take all: each organization may hold as many as there is room left (dynamic thresholds, Choudhury and
Hahne, IEEE/ACM Transactions on Networking 6(2), 1998, with alpha 1). One alone gets half of the room, two a third each, and
whoever asks little nearly always finds some. Of its part an organization's visitors leave a quarter to its servers, and its
servers to its visitors, so that a crowd does not push out the shop that serves it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_to_bytes
from uuid import UUID

from prometheus_client import Counter as Tally

from api_gateway.auth import Key, Keys
from api_gateway.http.asgi import Pairs, Scope
from api_gateway.http.presented import presented_key, stream_ticket
from api_gateway.http.raw import SAFE, request_id
from api_gateway.limits.overload import SPREAD, come_again, overloaded
from api_gateway.limits.undecided import UNDECIDED
from api_gateway.live.tickets import key_hash_in
from api_gateway.problems import Problem, problem_body, problem_headers
from runtime import metrics
from runtime.clock import Clock

LISTENERS: Final = 40_000
"""How many may listen or wait for news of a queue at once: they hold memory, and have no work done."""
APART: Final = 4
"""One part of so many, of what an organization may hold, is kept from either kind of its keys for the other."""

IsFull = Callable[[UUID], bool]
Headers = dict[bytes, bytes]
Readable = Callable[[Scope, Headers], Pairs]
_ANY: Final = UUID(int=0)
"""Stands for the id of a request in a refusal that is written before there is one."""
_LOOKS: Final = frozenset({"GET", "HEAD", "OPTIONS"})

_IN_HAND, _LISTENERS = metrics.turned_away.labels("in_hand"), metrics.turned_away.labels("listeners")


class Bulkhead:
    """Places for requests of many owners of several kinds, at most `most` at once (a bulkhead: Nygard, Release It!, 2018)."""

    __slots__ = ("_held", "_most", "_of_kind", "_total")

    def __init__(self, most: int) -> None:
        self._most, self._total = most, 0
        self._held: Counter[Hashable] = Counter()
        self._of_kind: Counter[Hashable] = Counter()

    @property
    def taken(self) -> int:
        """How many places are taken."""
        return self._total

    def take(self, owner: Hashable, kind: Hashable = None) -> bool:
        """Take a place; False when the owner holds as many as are left, or three quarters of that by this kind alone."""
        left = self._most - self._total
        if self._held[owner] >= left or self._of_kind[owner, kind] >= left - left // APART:
            return False
        self._held[owner] += 1
        self._of_kind[owner, kind] += 1
        self._total += 1
        return True

    def give_back(self, owner: Hashable, kind: Hashable = None) -> None:
        """Give a place back."""
        self._total -= 1
        _one_less(self._held, owner)
        _one_less(self._of_kind, (owner, kind))


def _one_less(held: Counter[Hashable], owner: Hashable) -> None:
    held[owner] -= 1
    if not held[owner]:
        del held[owner]


@dataclass(frozen=True, slots=True)
class Place:
    """A place that was taken."""

    among: Bulkhead
    owner: Hashable
    kind: Hashable

    def give_back(self, _ended: object = None) -> None:
        """Give it back, once: when the request has ended."""
        self.among.give_back(self.owner, self.kind)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A whole answer as the wire wants it (RFC 9112), because in an overload most answers are this one."""

    answer: bytes


class LoadShedder:
    """Who may come in. Looks are not counted: they are answered at once, or wait for one of few connections to the store.

    An organization is known by a key of its own that was found in the last ten minutes. All whose key was not found lately
    share one part of the room, so that keys that are made up get nobody more of it. `readable` tells which headers let a
    page read the answer to a request, `is_full` whether a tenant has as much undecided as it may: its writes would be refused
    later, and are refused here for less.
    """

    def __init__(self, keys: Keys, clock: Clock, most: int, base: str, readable: Readable, is_full: IsFull) -> None:
        self._keys, self._clock, self._readable, self._is_full = keys, clock, readable, is_full
        self._refusals = _refusals(base)
        self.writes, self.listeners = Bulkhead(most), Bulkhead(LISTENERS)

    def admit(self, scope: Scope) -> Place | Refusal | None:
        """The place that a request has now; a refusal where there is none for it; None for whoever needs none."""
        if scope["method"] not in _LOOKS:
            return self._write(scope, dict(scope["headers"]))
        if _waits_for_news(scope):
            return self._listener(scope, dict(scope["headers"]))
        return None

    def _write(self, scope: Scope, headers: Headers) -> Place | Refusal:
        key = self._owner(scope, headers)
        if key is not None and self._is_full(key.tenant_id):
            return self._refusal(scope, headers, UNDECIDED)
        return _taken(self.writes, key) or self._refusal(scope, headers, _IN_HAND)

    def _listener(self, scope: Scope, headers: Headers) -> Place | Refusal:
        key = self._owner(scope, headers) or self._owner_of_ticket(scope)
        return _taken(self.listeners, key) or self._refusal(scope, headers, _LISTENERS)

    def _owner(self, scope: Scope, headers: Headers) -> Key | None:
        presented = presented_key(scope, headers)
        return None if presented is None else self._keys.owner(presented.decode("latin-1"))

    def _owner_of_ticket(self, scope: Scope) -> Key | None:
        ticket = stream_ticket(scope)
        digest = None if ticket is None else key_hash_in(ticket)
        return None if digest is None else self._keys.owner_of(digest)

    def _refusal(self, scope: Scope, headers: Headers, because: Tally) -> Refusal:
        because.inc()
        own_id = request_id(headers) or self._clock.new_id()
        said = b""
        if b"origin" in headers:
            said = b"".join(b"%b: %b\r\n" % header for header in self._readable(scope, headers))
        told = str(own_id).encode()
        return Refusal(self._refusals[come_again(own_id)] % (told, said, told))


def _taken(among: Bulkhead, key: Key | None) -> Place | None:
    owner, kind = (None, None) if key is None else (key.organization_id, key.kind)
    return Place(among, owner, kind) if among.take(owner, kind) else None


def _refusals(base: str) -> Mapping[int, bytes]:
    """Every refusal by its Retry-After, with places for the request's id, headers for pages, and the id once more."""
    told = {come_again(UUID(int=number)): overloaded(UUID(int=number)) for number in range(SPREAD)}
    return {seconds: _written(wrong, problem_body(wrong, _ANY, base)) for seconds, wrong in told.items()}


def _written(wrong: Problem, body: bytes) -> bytes:
    fixed = [(name.lower().encode(), value.encode()) for name, value in problem_headers(wrong).items()] + SAFE
    head = b"HTTP/1.1 503 Service Unavailable\r\n" + b"".join(b"%b: %b\r\n" % header for header in fixed)
    place = body.replace(b"%", b"%%").replace(str(_ANY).encode(), b"%b")
    return head.replace(b"%", b"%%") + b"x-request-id: %b\r\n%b" + b"content-length: %d\r\n\r\n" % len(body) + place


def _waits_for_news(scope: Scope) -> bool:
    """Whether this is no work but waiting: a stream, or a look that waits for something new, however its query is written."""
    return scope["path"].endswith("/events") or b"sinceVersion=" in unquote_to_bytes(scope["query_string"])
