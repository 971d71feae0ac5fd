"""The file of the record read line by line: the document, the lines, the end."""

from collections.abc import Iterator, Mapping

from pydantic import ValidationError

from domain.fairness.commitment import MAX_SAFE_INTEGER
from domain.fairness.draws.linewise import LineReader
from domain.fairness.draws.wrong import told
from domain.fairness.members import number_of
from domain.fairness.record.document import RecordDocument
from domain.fairness.record.lines import RecordLine


class RecordReader(LineReader):
    """Reads the decoded lines of a record's file once; each part is asked for after the one before.

    Raises UnreadableProofError at the first line that cannot be read, or when the file ends too early.
    """

    def document(self) -> RecordDocument:
        """Read the first line."""
        try:
            document = RecordDocument.model_validate(self._line, by_name=False)
        except ValidationError as error:
            raise self._wrong(f"is no log of draws: {told(error)}") from None
        self._advance()
        return document

    def lines(self) -> Iterator[RecordLine]:
        """Read the lines, as a stream."""
        while self._line.keys() == {"line"}:
            line = self._line["line"]
            if not isinstance(line, Mapping):
                raise self._wrong("is no line of a log: it does not hold an object")
            try:
                read = RecordLine.from_json(line)
            except ValueError as error:
                raise self._wrong(f"is no line of a log: {error}") from None
            yield read
            self._advance()

    def end(self) -> int:
        """Read the last line, see that it is the last, and return how many lines it says there are."""
        line = self._line.get("end")
        if self._line.keys() != {"end"} or not isinstance(line, Mapping) or line.keys() != {"lines"}:
            raise self._wrong("is neither a line of the log nor its end")
        try:
            lines = number_of(line["lines"], "lines", MAX_SAFE_INTEGER)
        except ValueError as error:
            raise self._wrong(f"is no end: {error}") from None
        self._over()
        return lines
