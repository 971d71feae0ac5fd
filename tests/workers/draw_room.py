"""A draw of the real worker on a real store, as steps of a test see it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast
from uuid import UUID, uuid4

import psycopg
import pytest

from domain.command import SYSTEM_ACTOR, Command, Envelope
from domain.draw.commands import DrawCommand
from domain.draw.state import Draw
from domain.fairness.draws import CheckedDraw, check_draw
from store.reads import draw_proofs, draws
from store.reads.base import Reader
from store.repositories.base import Tenancy
from store.repositories.draw_entries import DrawEntries
from store.repositories.draws import Draws
from store.roles import GATEWAY
from tests.domain.draw.invariants import Seen
from tests.support.works import Works
from tests.workers.queue_room import PATIENCE, firing_in
from workers.firing import Firing

MakeDraw = Callable[..., "WorkedDraw"]


@dataclass(frozen=True, slots=True)
class WorkedDraw:
    """One draw, a worker that is turned by hand, and timers that fire when the clock was moved."""

    works: Works
    firing: Firing
    draw: Draw

    @property
    def draw_id(self) -> UUID:
        """The draw."""
        return self.draw.id

    def append(self, *commands: DrawCommand) -> list[Envelope[Command]]:
        """Put commands into the log, in one batch."""
        sent = [Envelope(uuid4(), self.draw.tenant_id, SYSTEM_ACTOR, uuid4(), command) for command in commands]
        self.works.append(sent)
        return [*sent]

    def send_together(self, commands: Sequence[DrawCommand]) -> None:
        """Have commands decided that came in one batch."""
        self.append(*commands)
        self.settle()

    def send(self, command: DrawCommand, *, command_id: UUID | None = None) -> str | None:
        """Have a command decided; the code of its refusal, if it is one."""
        return cast("str | None", (self.ask(command, command_id=command_id).get("refused") or {}).get("code"))

    def ask(self, command: DrawCommand, *, command_id: UUID | None = None) -> dict[str, Any]:
        """The stored outcome of a command."""
        sent = Envelope(command_id or uuid4(), self.draw.tenant_id, SYSTEM_ACTOR, uuid4(), command)
        self.works.append([sent])
        self.settle()
        outcome: dict[str, Any] = self.works.outcomes(self.draw, [sent.id])[sent.id]
        return outcome

    def settle(self) -> int:
        """Drain until nothing waits, which must come to pass; how many rounds it took."""
        for rounds in range(PATIENCE):
            places = self.works.waiting()
            if not places:
                return rounds
            for place in places:
                self.works.drain.round(place)
        raise AssertionError(f"the log does not run dry: {self.now().pool}")

    def advance(self, seconds: float) -> None:
        """Let time pass, fire what has come due, and decide it."""
        self.works.advance(f"{seconds} seconds")
        for _ in range(PATIENCE):
            self.firing()
            if not self.works.waiting():
                return
            self.settle()

    def over(self) -> bool:
        """Whether the time of promotions is over."""
        now = self.works.value("SELECT ledger_now()")
        return bool(now >= self.now().config.claims_end_at)

    def now(self) -> Draw:
        """The draw as it is stored."""
        return stored(self.works, self.draw)

    def seen(self) -> Seen:
        """Everything that is stored."""
        return seen(self.works, self.draw)

    def checked(self) -> CheckedDraw:
        """What the published file of the draw proves."""
        return check_draw(published(self.works, self.draw))


def stored(works: Works, draw: Draw) -> Draw:
    """A draw as it is stored."""
    with works.owner.begin() as connection:
        found = Draws(Tenancy(connection, draw.tenant_id)).get(draw.id)
    assert found is not None
    return found


def seen(works: Works, draw: Draw) -> Seen:
    """Everything that is stored of a draw."""
    with works.owner.begin() as connection:
        scope = Tenancy(connection, draw.tenant_id)
        now = Draws(scope).get(draw.id)
        assert now is not None
        entries = DrawEntries(scope).at_numbers(now, list(range(now.pool.entries))).values()
    lines = works.rows("SELECT facts FROM draw_step WHERE draw_id = %s ORDER BY n", draw.id)
    return Seen(now, tuple(sorted(entries, key=lambda entry: entry.number)), tuple(line.facts for line in lines))


def published(works: Works, draw: Draw) -> list[dict[str, Any]]:
    """The lines of a draw's proof file, read as a gateway reads them."""
    return published_file(works, draw.tenant_id, draw.id)


def published_file(works: Works, tenant_id: UUID, draw_id: UUID) -> list[dict[str, Any]]:
    """The same of a draw that is known by its id."""
    return asyncio.run(_published(Reader(OneByOne(works.database.url(GATEWAY)), tenant_id), draw_id))


async def _published(reader: Reader, draw_id: UUID) -> list[dict[str, Any]]:
    found = await draws.one(reader, draw_id)
    assert found is not None
    commitment = await draws.commitment(reader, draw_id)
    return [line async for some in draw_proofs.lines(reader, found[0], commitment) for line in some]


@dataclass(frozen=True, slots=True)
class OneByOne:
    """A connection for whoever asks."""

    url: str

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
        """One for the length of a block."""
        async with await psycopg.AsyncConnection.connect(self.url) as connection:
            yield connection


@pytest.fixture
def make_room(works: Works) -> Iterator[MakeDraw]:
    """Make draws. Dates are seconds from now."""
    with firing_in(works) as firing:

        def made(**settings: Any) -> WorkedDraw:
            now = works.value("SELECT ledger_now()")
            dated = {
                name: now + timedelta(seconds=at)
                for name, at in settings.items()
                if name.endswith("_at") and at is not None
            }
            return WorkedDraw(works, firing, works.draw(**{"tickets_by": "entrant"} | settings | dated))

        yield made
