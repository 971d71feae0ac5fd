"""The check of a published record of draws, from its file alone.

Pure: the caller reads the file. What is checked and what cannot be is said in docs/fairness.md.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from uuid import UUID

from domain.fairness.findings import Finding, fails, holds, is_proved
from domain.fairness.record import bodies
from domain.fairness.record.document import RecordDocument
from domain.fairness.record.life import Life, MisplacedError
from domain.fairness.record.lines import RecordLine, opened
from domain.fairness.record.reading import RecordReader
from domain.fairness.record.statement import RecordStatement, stated


@dataclass(frozen=True, slots=True)
class CheckedRecord:
    """What the check of a record says: one finding for each check, what there is to say, and each draw as it is told."""

    findings: tuple[Finding, ...]
    statement: RecordStatement
    lives: dict[UUID, Life] = field(repr=False)

    @property
    def is_proved(self) -> bool:
        """Whether every check holds."""
        return is_proved(self.findings)


def check_record(lines: Iterable[object]) -> CheckedRecord:
    """Check the file of a record, given as its decoded lines, which are read once, as a stream.

    The findings come in the order document, chain, draws, repeats, end.
    Raises UnreadableProofError when the file is malformed or cut off.
    """
    reader = RecordReader(lines)
    audit = RecordAudit(reader.document(), reader.lines())
    findings = (*audit.findings(), _end(reader.end(), audit.size))
    return CheckedRecord(findings, stated(audit.lives.values()), audit.lives)


class RecordAudit:
    """What the lines say, read once as a stream; of each kind of fault only the first is kept."""

    def __init__(self, document: RecordDocument, lines: Iterable[RecordLine]) -> None:
        self._document, self._chain = document, opened(document.organization_id, document.mode)
        self.lives: dict[UUID, Life] = {}
        self._broken: Finding | None = None
        self._misplaced: Finding | None = None
        self._unfounded: Finding | None = None
        for line in lines:
            self._follow(line)
            self._link(line)

    @property
    def size(self) -> int:
        """How many lines there are."""
        return self._chain.size

    def findings(self) -> Iterator[Finding]:
        """What was found of document, chain, draws and repeats."""
        yield holds("document", "The log's document has every member in its form.")
        yield self._chained()
        yield self._misplaced or holds(
            "draws",
            "Every draw is created once, frozen once and drawn once at most, and nothing follows when it is void.",
        )
        yield self._unfounded or holds(
            "repeats", "Every draw that repeats another says so of one that was void before."
        )

    def _link(self, line: RecordLine) -> None:
        fault = self._chain.fault(line.link, line.recomputed, called="line")
        if fault is not None and self._broken is None:
            self._broken = fails("chain", f"Line {self.size} is wrong: {fault}.", line=self.size)
        self._chain = self._chain.after(line.link.hash)

    def _follow(self, line: RecordLine) -> None:
        """Tell of the line before it is counted, so that faults name it by where it stands."""
        try:
            known = self.lives.get(line.draw_id)
            if known is None:
                self.lives[line.draw_id] = Life.begun(line)
            else:
                known.follow(line)
            self._repeats(line)
        except MisplacedError as error:
            text = f"Line {self.size} is wrong: {error} (draw {line.draw_id})."
            self._misplaced = self._misplaced or fails("draws", text, line=self.size)

    def _repeats(self, line: RecordLine) -> None:
        if not isinstance(line.body, bodies.Created | bodies.Rules):
            return
        wanted = line.body.replaces_draw_id
        replaced = None if wanted is None else self.lives.get(wanted)
        if wanted is not None and (replaced is None or replaced.void is None):
            what = "which is not in the log before" if replaced is None else "which was not void then"
            text = f"Line {self.size} is wrong: draw {line.draw_id} says to repeat {wanted}, {what}."
            self._unfounded = self._unfounded or fails("repeats", text, line=self.size)

    def _chained(self) -> Finding:
        document = self._document
        if self._broken is not None:
            return self._broken
        if self.size != document.size:
            text = f"There are {self.size} lines, but the document says {document.size}."
            return fails("chain", text, line=min(self.size, document.size))
        if self._chain.head != document.head:
            return fails("chain", "The last line is NOT the one that the document names.", line=max(self.size - 1, 0))
        return holds(
            "chain", f"The {self.size} lines are one unbroken chain without a gap, up to the one that is named."
        )


def _end(said: int, lines: int) -> Finding:
    if said != lines:
        return fails("end", f"The last line says {said} lines, but there are {lines}.")
    return holds("end", "The file is whole: it has as many lines as its last one says.")
