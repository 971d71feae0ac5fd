"""Reading what is published, a proof of a queue or of a draw or the log of all draws, from files or from an address."""

from __future__ import annotations

import io
import json
import urllib.error
import urllib.request
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any, Final
from urllib.parse import urljoin, urlsplit

from cli.decoding import LARGEST_DOCUMENT, LONGEST_LINE, TooLongError, all_of, bounded, parsed
from cli.errors import ObstacleError
from cli.unpacking import GZIP, unpacked
from domain.fairness.commitment import canonical_json
from domain.fairness.draws import UnreadableProofError, is_draw_proof
from domain.fairness.record import is_record

_ENDINGS = (".ndjson", ".ndjson.gz")
_ANSWER_SECONDS = 30.0


class _NoPlaceError(Exception):
    """What was named is neither a path nor an address."""


@dataclass(frozen=True, slots=True)
class Published:
    """A queue's proof document, and the lines of its entries file, which are read once as a stream.

    A line that is no object is empty.
    """

    document: Mapping[str, Any]
    entries: Iterable[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class PublishedDraw:
    """The decoded lines of a draw's proof file, which are read once as a stream."""

    lines: Iterable[object]


@dataclass(frozen=True, slots=True)
class PublishedRecord:
    """The decoded lines of the file of all draws of an organization, which are read once as a stream."""

    lines: Iterable[object]


_FILES: Final = ((is_draw_proof, PublishedDraw), (is_record, PublishedRecord))
"""What is one file of lines, by what its document says that it is."""


@contextmanager
def published(
    source: str, entries: str | None = None, key: str | None = None
) -> Iterator[Published | PublishedDraw | PublishedRecord]:
    """What is published at a path or http(s) URL. ObstacleError: it cannot be read.

    The proof of a draw and the log of all draws are one file each; a document from an address says where that is. A
    queue's entries are at `entries`, or in the same file (as the member `entries`, or as the lines after the document),
    or where a document from an address says, or next to the file under its name with .ndjson. `key` is an
    organization's.
    """
    with _opened(source, key) as stream:
        first = stream.readline(LARGEST_DOCUMENT + 1)
        document, rest = _document(first, stream, source)
        inside = document.get("entries")
        of_lines = next((shape for says, shape in _FILES if says(document)), None)
        if of_lines is not None:
            with _proof_file(source, document, chain([first], bounded(stream, rest)), key) as lines:
                yield of_lines(_draw_lines(lines))
        elif entries is None and isinstance(inside, list):
            yield Published(document, [_object(line) for line in inside])
        elif entries is None and rest:
            yield Published(document, _lines(bounded(stream, rest)))
        else:
            elsewhere = entries or _elsewhere(source, document)
            with _opened(elsewhere, _key_for(elsewhere, source, key)) as lines:
                yield Published(document, _lines(bounded(lines)))


@contextmanager
def standing_still(source: str, key: str | None) -> Iterator[str]:
    """A path under which a proof can be read more than once: an address is asked once, because it may answer otherwise."""
    if not _is_url(source):
        yield source
        return
    with TemporaryDirectory(prefix="drumroll-proof-") as folder:
        yield str(keep(source, key, Path(folder), "proof"))


def keep(source: str, key: str | None, folder: Path, name: str) -> Path:
    """Copy a published proof into `folder`; returns its path: a draw's file, or a queue's document with entries beside it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    kept, lines = folder / f"{name}.json", folder / f"{name}.ndjson"
    with published(source, key=key) as proof:
        if not isinstance(proof, Published):
            _write(lines, proof.lines)
            return lines
        kept.write_text(json.dumps(proof.document, indent=2) + "\n")
        _write(lines, proof.entries)
    return kept


def asked(url: str, key: str) -> dict[str, Any]:
    """The JSON object at an address. ObstacleError: it cannot be read."""
    with _opened(url, key) as stream:
        return _document(stream.readline(LARGEST_DOCUMENT + 1), stream, url)[0]


@contextmanager
def _opened(source: str, key: str | None) -> Iterator[IO[bytes]]:
    """The bytes of a file or an address, unpacked when they are packed."""
    try:
        with _answer(source, key) if _is_url(source) else _file(source) as raw:
            buffered = io.BufferedReader(raw)
            yield unpacked(buffered) if buffered.peek(2)[:2] == GZIP else buffered
    except urllib.error.HTTPError as refusal:
        refusal.close()
        hint = " Give the organization's key with --key." if refusal.code in {401, 403, 404} and key is None else ""
        raise ObstacleError(f"{source} answered {refusal.code} {refusal.reason}.{hint}") from None
    except UnreadableProofError as failure:
        raise ObstacleError(f"{source} cannot be read: {failure}.") from None
    except (OSError, EOFError, zlib.error, HTTPException, TooLongError, _NoPlaceError) as failure:
        raise ObstacleError(f"{source} cannot be read: {getattr(failure, 'strerror', None) or failure}.") from None


def _file(path: str) -> Any:
    try:
        return Path(path).open("rb")
    except ValueError as failure:
        raise _NoPlaceError(failure) from None


def _answer(url: str, key: str | None) -> Any:
    try:
        request = urllib.request.Request(url, headers={"Accept": "application/json, application/x-ndjson"})  # noqa: S310 (http and https alone, see _is_url)
        if key is not None:  # for this address alone, wherever it sends us
            request.add_unredirected_header(*_shown(key))
        return urllib.request.urlopen(request, timeout=_ANSWER_SECONDS)  # noqa: S310 (as above)
    except ValueError as failure:
        raise _NoPlaceError(failure) from None


def _shown(key: str) -> tuple[str, str]:
    return ("Authorization", f"Bearer {key}") if key.startswith("dr_sk_") else ("X-Publishable-Key", key)


def _write(path: Path, lines: Iterable[object]) -> None:
    with path.open("w") as written:
        written.writelines(json.dumps(line) + "\n" for line in lines)


def _document(first: bytes, stream: IO[bytes], source: str) -> tuple[dict[str, Any], bytes]:
    """The document at the beginning of a stream, after its first line; and what of the next line was read already."""
    try:
        return _whole_object(first), stream.readline(LONGEST_LINE + 1)
    except ValueError:
        whole = all_of(first, stream)
    try:
        return _whole_object(whole), b""
    except ValueError as failure:
        raise ObstacleError(f"{source} is no proof: {failure}.") from None


def _whole_object(text: bytes) -> dict[str, Any]:
    document = parsed(text)
    canonical_json(document)
    if not isinstance(document, dict):
        raise ValueError("it does not hold a JSON object")  # noqa: TRY004 (read as any other malformed text)
    return document


@contextmanager
def _proof_file(
    source: str, document: Mapping[str, Any], lines: Iterator[bytes], key: str | None
) -> Iterator[Iterable[bytes]]:
    """The lines of the file: these, unless this is the document alone, as it is answered at an address."""
    named = str(document.get("fileUrl") or "")
    if not named:
        yield lines
    elif _is_url(source):
        place = _on_same_address(source, named)
        with _opened(place, _key_for(place, source, key)) as elsewhere:
            yield bounded(elsewhere)
    else:
        raise ObstacleError(f"{source} is the document alone; the file, which is to be checked, is at {named!r}.")


def _draw_lines(lines: Iterable[bytes]) -> Iterator[object]:
    """Each line decoded. UnreadableProofError: one is no JSON, or says something twice, or has no end or too late a one."""
    number = 0
    try:
        for number, line in enumerate(lines, start=1):
            yield _draw_line(number, line)
    except TooLongError as failure:
        raise UnreadableProofError(number + 1, f"is no line of a proof: {failure}") from None


def _draw_line(number: int, line: bytes) -> object:
    if not line.endswith(b"\n"):
        raise UnreadableProofError(number, "does not end: the file was cut off")
    try:
        return parsed(line)
    except ValueError as failure:
        raise UnreadableProofError(number, f"is no JSON ({failure})") from None


def _elsewhere(source: str, document: Mapping[str, Any]) -> str:
    if _is_url(source):
        return _entries_url(source, str(document.get("entriesUrl") or ""))
    path = Path(source)
    names = [path.name.removesuffix(end) for end in (".gz", ".json", ".proof.json")]
    candidates = [path.with_name(name + ending) for name in dict.fromkeys(names) for ending in _ENDINGS]
    candidates += [path.with_name(f"entries{ending}") for ending in _ENDINGS]
    for candidate in candidates:
        if candidate.exists() and candidate != path:
            return str(candidate)
    tried = ", ".join(one.name for one in candidates)
    raise ObstacleError(f"The entries of {source} were not found next to it (tried {tried}): name them with --entries.")


def _entries_url(source: str, named: str) -> str:
    return _on_same_address(source, named) if named else source.rstrip("/") + "/entries"


def _on_same_address(source: str, named: str) -> str:
    """On the address that was dialled, because a name that the server has for itself need not resolve here."""
    dialled, _, path = source.partition("/api/v1")
    if path and "/api/v1" in named:
        return f"{dialled}/api/v1{named.partition('/api/v1')[2]}"
    return urljoin(source, named)


def _key_for(place: str, source: str, key: str | None) -> str | None:
    """The key for a place that a document names: whose address is another is told no key."""
    return key if urlsplit(place).netloc == urlsplit(source).netloc else None


def _is_url(source: str) -> bool:
    return source.lower().startswith(("http://", "https://"))


def _lines(stream: Iterable[bytes]) -> Iterator[Mapping[str, Any]]:
    """The lines as objects; what is no object, or has no end, is none, and the check names the line."""
    for line in stream:
        try:
            yield _object(parsed(line)) if line.endswith(b"\n") else {}
        except ValueError:
            yield {}


def _object(line: object) -> Mapping[str, Any]:
    return line if isinstance(line, dict) else {}
