"""The book of a storm: every call that was made, under which command id, what it was to cause and what it was answered."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from types import SimpleNamespace
from typing import Any, NamedTuple, cast
from uuid import UUID, uuid4

from api_gateway.auth import Caller, guest_ids
from api_gateway.http.idempotency import command_id
from domain.draw.commands import DrawCommand
from tests.support.caller import (
    COME_AGAIN,
    INSISTENCE_SECONDS,
    LOST,
    PAUSE_SECONDS,
    Answer,
    Organizer,
    eventually,
    strong_key,
)

HASTE_SECONDS = 0.03
ACCEPTED = 202
Effect = tuple[str, str]
Means = Callable[[UUID], DrawCommand]
"""What the journal is to tell once: the type of an event, and whom or what it is about."""


class Look(NamedTuple):
    """What somebody was told of a participation, who looked or was answered."""

    participation: str
    status: str
    version: int


class Kept(NamedTuple):
    """A receipt, as an entrant keeps it: of which distribution, and what it says."""

    distribution_id: UUID
    receipt: Mapping[str, Any]


@dataclass(slots=True)
class Call:
    """One call. Times are monotonic seconds of this process.

    `causes` are the effects that it has if it succeeds; `caused` those that its answer told of. `by` calls. A call without a
    key is `unknown` when it was not answered, or with what leaves open whether it will be decided. `means` makes the command of
    a draw that follows from it, from that command's id.
    """

    what: str
    command_id: UUID
    began: float
    causes: tuple[Effect, ...] = ()
    answered: float | None = None
    status: int = 0
    body: Any = None
    caused: tuple[Effect, ...] = ()
    by: UUID | None = None
    unknown: bool = False
    means: Means | None = None

    @property
    def succeeded(self) -> bool:
        """Whether it was answered, and not with a refusal."""
        return self.answered is not None and self.status < 300

    def hears(self, answer: Answer, confirms: "Confirms") -> None:
        """Note the final answer."""
        self.answered, self.status, self.body = time.monotonic(), answer.status, answer.body
        self.caused = self.causes if self.succeeded and confirms(answer) else ()


@dataclass(frozen=True, slots=True)
class Asks:
    """How somebody calls: in whose name (a person, or a key of the organization), and with which headers."""

    own_id: UUID
    headers: Mapping[str, str]


Confirms = Callable[[Answer], bool]
"""Whether an answer tells that what was wished was done."""


def surely(answer: Answer) -> bool:
    """Whoever succeeds has caused it."""
    return True


@dataclass(frozen=True, slots=True)
class Wish:
    """What is called, and what it does.

    `under` is the aggregate that it changes. In `causes`, `{id}` stands for the id of its command and `{guest}` for that of
    the guest whom it makes. `confirms` says of an answer whether it was done, where a success may also mean that there was
    nothing to do. `named` is the path by which the command's id is made, where that is another. What is not
    `followed` is sent again when it was accepted, until it is answered with its outcome.
    """

    what: str
    method: str
    path: str
    under: UUID
    json: Any = None
    causes: tuple[Effect, ...] = ()
    confirms: Confirms = surely
    named: str = ""
    followed: bool = True
    means: Means | None = None

    @property
    def call(self) -> tuple[str, str]:
        """Method and path, as the id of the command is made from them."""
        return self.method, self.named or self.path


@dataclass(slots=True)
class Book:
    """All calls of a storm. `secret` is what gateways make command ids with.

    `calls` were sent again under one key each until they were answered; `keyless` had none and were sent once, under an id
    that nobody knows; `misuses` sent another body under a key that had been answered. `looks` and `receipts` are what entrants of
    draws were told and given.
    """

    secret: bytes
    calls: list[Call] = field(default_factory=list)
    keyless: list[Call] = field(default_factory=list)
    misuses: list[Call] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)
    receipts: list[Kept] = field(default_factory=list)
    _halls: list[Organizer] = field(default_factory=list)

    @property
    def answers(self) -> Counter[str]:
        """How often each status was answered, tries included; 0 for no answer."""
        return sum((hall.seen for hall in self._halls), Counter[str]())

    def watch(self, halls: Iterable[Organizer]) -> None:
        """Count what these are answered."""
        self._halls.extend(halls)

    async def call(
        self, hall: Organizer, by: Asks, wish: Wish, *, at: int = 0, key: str = "", hasty: bool = False
    ) -> Call:
        """Send a call until it is answered. Whoever is `hasty` hangs up the first time before an answer can come."""
        key = key or strong_key()
        kept = Call(wish.what, self._id(hall, by, wish, key), time.monotonic(), by=by.own_id, means=wish.means)
        kept.causes = _named(wish.causes, kept.command_id)
        self.calls.append(kept)
        headers = {**by.headers, "Idempotency-Key": key}
        if hasty:
            await _hung_up(hall, wish, headers, at)
        with suppress(AssertionError):  # because a call that nobody ever answers is a finding, and told at the end
            ask = hall.insist if wish.followed else partial(_repeated, hall)
            kept.hears(await ask(wish.method, wish.path, wish.json, headers, at), wish.confirms)
        return kept

    async def call_once(self, hall: Organizer, by: Asks, wish: Wish, *, at: int = 0) -> Call:
        """Send a call without a key, once: when nobody answers, it may be done or not, and nobody asks again.

        Its effects must not depend on the id of its command, which the gateway makes up.
        """
        kept = Call(wish.what, uuid4(), time.monotonic(), wish.causes, by=by.own_id, unknown=True)
        self.keyless.append(kept)
        with suppress(*LOST):
            answer = await hall.call(wish.method, wish.path, wish.json, by.headers, at)
            kept.unknown = answer.status in COME_AGAIN
            if not kept.unknown:
                with suppress(AssertionError):  # because what was accepted and is never decided is a finding
                    final = await hall.followed(answer, by.headers, at) if answer.status == ACCEPTED else answer
                    kept.hears(final, wish.confirms)
        return kept

    async def misuse(self, hall: Organizer, by: Asks, wish: Wish, key: str, *, at: int = 0) -> None:
        """Send another body under a key that was answered, until it is answered; that it never is proves nothing.

        Whoever is told 202 comes again, because the operation of this id is that of the first body.
        """
        kept = Call(wish.what, self._id(hall, by, wish, key), time.monotonic(), by=by.own_id, unknown=True)
        self.misuses.append(kept)
        with suppress(AssertionError):
            headers = {**by.headers, "Idempotency-Key": key}
            kept.hears(await _repeated(hall, wish.method, wish.path, wish.json, headers, at), wish.confirms)
            kept.unknown = False

    def _id(self, hall: Organizer, by: Asks, wish: Wish, key: str) -> UUID:
        """The id of the command that this key makes."""
        who = cast("Caller", SimpleNamespace(consumer_id=None, key_id=by.own_id, tenant_id=tenant_of(hall)))
        return command_id(self.secret, who, wish.call, key, wish.under)


def tenant_of(hall: Organizer) -> UUID:
    """The organization in the mode of its keys."""
    return hall.made.live_tenant_id if hall.keys == hall.made.live else hall.made.test_tenant_id


async def _repeated(hall: Organizer, method: str, path: str, json: Any, headers: Mapping[str, str], at: int) -> Answer:
    """The same call again and again until the outcome is told: by one key it is one command, whose outcome is kept."""

    async def told() -> Answer | None:
        with suppress(*LOST):
            answer = await hall.call(method, path, json, headers, next(gateways))
            if answer.status not in COME_AGAIN | {ACCEPTED}:
                return answer
        await asyncio.sleep(PAUSE_SECONDS)
        return None

    gateways = count(at)
    return cast("Answer", await eventually(told, INSISTENCE_SECONDS))


def _named(causes: tuple[Effect, ...], own_id: UUID) -> tuple[Effect, ...]:
    guest = str(guest_ids(own_id).consumer_id)
    return tuple((kind, about.replace("{id}", str(own_id)).replace("{guest}", guest)) for kind, about in causes)


async def _hung_up(hall: Organizer, wish: Wish, headers: Mapping[str, str], at: int) -> None:
    with suppress(*LOST):
        async with asyncio.timeout(HASTE_SECONDS):
            await hall.call(wish.method, wish.path, wish.json, headers, at)
