"""JSON from whoever wrote it: in UTF-8, integers only, of a bounded size, each member said once; else words say what is wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import IO, Any, Final, NoReturn

LONGEST_LINE: Final = 1 << 20
"""Bytes of a line. Those of a proof have some hundreds; a longer one is there to use memory up."""
LARGEST_DOCUMENT: Final = 1 << 28
"""Bytes of a document, whose entries may stand inside."""


class TooLongError(ValueError):
    """More bytes than what is read here ever has."""


def parsed(text: bytes) -> Any:
    """What a text says. ValueError: it is no JSON of integers in UTF-8, is nested too deep, or says a member twice."""
    try:
        return _JSON.decode(text.decode())
    except RecursionError:
        raise ValueError("it is nested too deep") from None


def bounded(stream: IO[bytes], begun: bytes = b"") -> Iterator[bytes]:
    """A line that was begun, if one was, and the lines of a stream, with their ends. TooLongError: one is too long."""
    if begun:
        yield _within(begun, LONGEST_LINE)
    while line := stream.readline(LONGEST_LINE + 1):
        yield _within(line, LONGEST_LINE)


def all_of(first: bytes, stream: IO[bytes]) -> bytes:
    """What was read already and the rest of a stream. TooLongError: that is more than any document."""
    return _within(first + stream.read(max(0, LARGEST_DOCUMENT - len(first)) + 1), LARGEST_DOCUMENT)


def _within(text: bytes, most: int) -> bytes:
    if len(text) > most:
        raise TooLongError(f"it is longer than {most:,} bytes")
    return text


def _said_once(members: list[tuple[str, Any]]) -> dict[str, Any]:
    line = dict(members)
    if len(line) != len(members):
        raise ValueError("a member stands there twice")
    return line


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no integer")


_JSON: Final = json.JSONDecoder(object_pairs_hook=_said_once, parse_float=_no_number, parse_constant=_no_number)
"""Reads what is published (docs/fairness.md, section 5)."""
