"""The book of a storm: every call that was made, under which command id, what it was to cause and what it was answered."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

from api_gateway.auth import Caller
from api_gateway.http.idempotency import command_id
from tests.support.caller import LOST, Answer, Organizer, strong_key

HASTE_SECONDS = 0.03
Effect = tuple[str, str]
"""What the journal is to tell once: the type of an event, and whom or what it is about."""


@dataclass(slots=True)
class Call:
    """One call, sent again under one key until it was answered. Times are monotonic seconds of this process.

    `causes` are the effects that it has if it succeeds; `caused` those that its answer told of.
    """

    what: str
    tenant_id: UUID
    about: str
    command_id: UUID
    began: float
    causes: tuple[Effect, ...] = ()
    answered: float | None = None
    status: int = 0
    body: Any = None
    caused: tuple[Effect, ...] = ()

    @property
    def succeeded(self) -> bool:
        """Whether it was answered, and not with a refusal."""
        return self.answered is not None and self.status < 300


@dataclass(frozen=True, slots=True)
class Asks:
    """How somebody calls: in whose name (a person, or a key of the organization), and with which headers."""

    own_id: UUID
    headers: Mapping[str, str]


Causes = Callable[[UUID], tuple[Effect, ...]]
Told = Callable[[Answer], bool]


@dataclass(slots=True)
class Book:
    """All calls of a storm. `secret` is what gateways make command ids with."""

    secret: bytes
    calls: list[Call] = field(default_factory=list)
    _halls: list[Organizer] = field(default_factory=list)

    @property
    def answers(self) -> Counter[str]:
        """How often each status was answered, tries included; 0 for no answer."""
        return sum((hall.seen for hall in self._halls), Counter[str]())

    def watch(self, halls: Iterable[Organizer]) -> None:
        """Count what these are answered."""
        self._halls.extend(halls)

    async def call(
        self, hall: Organizer, by: Asks, asked: tuple[str, str, str], json: Any = None, *, under: UUID,
        about: str = "", causes: Causes = lambda _: (), told: Told = lambda _: True, at: int = 0, key: str = "",
        hasty: bool = False,
    ) -> Call:  # fmt: skip
        """Send a call until it is answered. `asked` is (what, method, path), `under` the aggregate that it changes.

        Whoever is `hasty` hangs up the first time before an answer can come.
        """
        what, method, path = asked
        key = key or strong_key()
        tenant_id = tenant_of(hall)
        who = cast("Caller", SimpleNamespace(consumer_id=None, key_id=by.own_id, tenant_id=tenant_id))
        own_id = command_id(self.secret, who, (method, path), key, under)
        kept = Call(what, tenant_id, about or str(under), own_id, time.monotonic(), causes(own_id))
        self.calls.append(kept)
        headers = {**by.headers, "Idempotency-Key": key}
        if hasty:
            await _hung_up(hall, method, path, json, headers, at)
        with suppress(AssertionError):  # because a call that nobody ever answers is a finding, and told at the end
            answer = await hall.insist(method, path, json, headers, at)
            kept.answered, kept.status, kept.body = time.monotonic(), answer.status, answer.body
            kept.caused = kept.causes if kept.status < 300 and told(answer) else ()
        return kept


def tenant_of(hall: Organizer) -> UUID:
    """The organization in the mode of its keys."""
    return hall.made.live_tenant_id if hall.keys == hall.made.live else hall.made.test_tenant_id


async def _hung_up(hall: Organizer, method: str, path: str, json: Any, headers: Mapping[str, str], at: int) -> None:
    with suppress(*LOST):
        async with asyncio.timeout(HASTE_SECONDS):
            await hall.call(method, path, json, headers, at)
