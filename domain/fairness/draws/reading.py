"""A proof file read line by line: the document, the leaves, the step log, the end."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import ValidationError

from domain.fairness.commitment import MAX_SAFE_INTEGER
from domain.fairness.draws.document import DrawDocument
from domain.fairness.draws.linewise import LineReader
from domain.fairness.draws.published import PublishedLeaf, leaf_of
from domain.fairness.draws.steplog import Step, step_hash
from domain.fairness.draws.wrong import told
from domain.fairness.members import number_of


@dataclass(frozen=True, slots=True)
class End:
    """The last line: how many leaves and steps came before it."""

    leaves: int
    steps: int


class ProofReader(LineReader):
    """Reads the decoded lines of a proof file once, in their order; each part is asked for after the one before.

    Raises UnreadableProofError at the first line that cannot be read, or when the file ends too early.
    """

    def document(self) -> DrawDocument:
        """Read the first line."""
        try:
            document = DrawDocument.model_validate(self._line, by_name=False)
        except ValidationError as error:
            raise self._wrong(f"is no proof of a draw: {told(error)}") from None
        self._advance()
        if not document.is_sealed and self._line.keys() != {"end"}:
            raise self._wrong("is not the end: nothing is published of a draw that is not frozen")
        return document

    def leaves(self) -> Iterator[PublishedLeaf]:
        """Read the leaves, as a stream."""
        while "leaf" in self._line:
            try:
                leaf = leaf_of(self._line)
            except ValueError as error:
                raise self._wrong(f"is no leaf: {error}") from None
            yield leaf
            self._advance()

    def steps(self) -> Iterator[tuple[Step, str]]:
        """Read the step log as a stream: each line, and the hash that it must have."""
        while self._line.keys() == {"step"}:
            line = self._line["step"]
            if not isinstance(line, Mapping):
                raise self._wrong("is no step: it does not hold an object")
            try:
                step = Step.from_json(line), step_hash(line)
            except ValueError as error:
                raise self._wrong(f"is no step: {error}") from None
            yield step
            self._advance()

    def end(self) -> End:
        """Read the last line, and see that it is the last."""
        line = self._line.get("end")
        if self._line.keys() != {"end"} or not isinstance(line, Mapping) or line.keys() != {"leaves", "steps"}:
            raise self._wrong("is neither a leaf, a step nor the end, or stands where it cannot")
        try:
            end = End(*(number_of(line[member], member, MAX_SAFE_INTEGER) for member in ("leaves", "steps")))
        except ValueError as error:
            raise self._wrong(f"is no end: {error}") from None
        self._over()
        return end
