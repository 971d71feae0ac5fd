"""What the record tells of one draw, line after line, and what may not follow on what."""

from dataclasses import dataclass, field
from functools import singledispatchmethod
from typing import Final
from uuid import UUID

from domain.fairness.draws.document import StepsHead
from domain.fairness.members import instant_text
from domain.fairness.record import bodies
from domain.fairness.record.bodies import AnyRecordBody
from domain.fairness.record.lines import RecordLine

_ENDS: Final = (bodies.Completed, bodies.ClaimClosed)
_NOTHING_STANDS: Final = "it is the first of its draw, which was never created"


class MisplacedError(Exception):
    """A line that may not stand where it stands; says why."""


@dataclass(slots=True)
class Life:
    """A draw as the record tells it so far: `rules_hash` and `replaces` as told last, `heads` of its steps as told each time."""

    draw_id: UUID
    experience_id: UUID
    seed_commitment: str
    rules_hash: str
    replaces: UUID | None
    sealed: bodies.Sealed | None = None
    sealed_at: str | None = None
    drawn: bodies.Drawn | None = None
    drawn_at: str | None = None
    is_over: bool = False
    void: bodies.Void | None = None
    is_archived: bool = False
    heads: list[StepsHead] = field(default_factory=list)

    @classmethod
    def begun(cls, line: RecordLine) -> "Life":
        """The draw that the line creates. Raises MisplacedError when it creates none."""
        body = line.body
        if not isinstance(body, bodies.Created):
            raise MisplacedError(_NOTHING_STANDS)
        return cls(line.draw_id, body.experience_id, body.seed_commitment, body.rules_hash, body.replaces_draw_id)

    def follow(self, line: RecordLine) -> None:
        """Tell of one line more. Raises MisplacedError when it may not follow on those before."""
        if self.void is not None and not isinstance(line.body, bodies.Archived):
            raise MisplacedError("its draw was void before, and nothing but its leaving the lists follows on that")
        if self.is_archived and not isinstance(line.body, _ENDS):
            raise MisplacedError("its draw had left the lists before")
        steps: StepsHead | None = getattr(line.body, "steps", None)
        if steps is not None and self.heads and steps.size <= self.heads[-1].size:
            raise MisplacedError("its draw had as many steps before: a step cannot be replaced")
        self._tell(line.body, instant_text(line.link.at))
        if steps is not None:
            self.heads.append(steps)

    @singledispatchmethod
    def _tell(self, body: AnyRecordBody, _: str) -> None:
        raise MisplacedError("its draw was created before: it stands here a second time")

    @_tell.register
    def _(self, body: bodies.Rules, _: str) -> None:
        if self.sealed is not None:
            raise MisplacedError("it changes what was promised, but the entries were frozen before")
        self.rules_hash, self.replaces = body.rules_hash, body.replaces_draw_id

    @_tell.register
    def _(self, body: bodies.Sealed, at: str) -> None:
        if self.sealed is not None:
            raise MisplacedError("its draw was frozen before: it is frozen a second time")
        self.sealed, self.sealed_at = body, at

    @_tell.register
    def _(self, body: bodies.Drawn, at: str) -> None:
        if self.sealed is None:
            raise MisplacedError("its draw is drawn, but was never frozen")
        if self.drawn is not None:
            raise MisplacedError("its draw was drawn before: this is a second run")
        self.drawn, self.drawn_at = body, at

    @_tell.register(bodies.Completed)
    @_tell.register(bodies.ClaimClosed)
    def _(self, _body: AnyRecordBody, _: str) -> None:
        if self.drawn is None or self.is_over:
            raise MisplacedError("its draw is completed, but was completed before or never drawn")
        self.is_over = True

    @_tell.register
    def _(self, body: bodies.Void, _: str) -> None:
        if (body.steps is None) is not (self.sealed is None):
            raise MisplacedError("a void draw has steps when it was frozen, and only then")
        self.void = body

    @_tell.register
    def _(self, _body: bodies.Archived, _: str) -> None:
        self.is_archived = True
