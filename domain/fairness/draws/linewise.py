"""A file of JSON lines read line by line, in an order that is known beforehand."""

from collections.abc import Iterable, Mapping
from typing import Final

from domain.fairness.draws.wrong import UnreadableProofError

_OVER: Final = object()


class LineReader:
    """Reads decoded lines once. Raises UnreadableProofError at the first that holds no object, or when one is missing."""

    def __init__(self, lines: Iterable[object]) -> None:
        self._lines = iter(lines)
        self._number = 0
        self._line: Mapping[str, object] = {}
        self._advance()

    def _advance(self) -> None:
        line = next(self._lines, _OVER)
        self._number += 1
        if line is _OVER:
            raise UnreadableProofError(self._number, "is missing: the file was cut off before its end")
        if not isinstance(line, Mapping):
            raise self._wrong("does not hold a JSON object")
        self._line = line

    def _over(self) -> None:
        """See that the line in hand is the last."""
        if next(self._lines, _OVER) is not _OVER:
            raise UnreadableProofError(self._number + 1, "stands behind the end")

    def _wrong(self, text: str) -> UnreadableProofError:
        return UnreadableProofError(self._number, text)
