"""Reading a published proof: one document and the entries it speaks of, from files or from an address."""

from __future__ import annotations

import gzip
import io
import json
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast
from urllib.parse import urljoin, urlsplit

from cli.errors import ObstacleError

_GZIP = b"\x1f\x8b"
_ENDINGS = (".ndjson", ".ndjson.gz")
_ANSWER_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Published:
    """A proof document, and the lines of its entries file, which are read once as a stream. A line that is no object is empty."""

    document: Mapping[str, Any]
    entries: Iterable[Mapping[str, Any]]


@contextmanager
def published(source: str, entries: str | None = None, key: str | None = None) -> Iterator[Published]:
    """The proof at a path or http(s) URL. ObstacleError: it cannot be read.

    The entries are at `entries`, or in the same file (as the member `entries`, or as the lines after the document), or
    where a document from an address says, or next to the file under its name with .ndjson. `key` is an organization's.
    """
    with _opened(source, key) as stream:
        document, rest = _document(stream, source)
        inside = document.get("entries")
        if entries is None and isinstance(inside, list):
            yield Published(document, [_object(line) for line in inside])
        elif entries is None and rest:
            yield Published(document, _lines(_chain(rest, stream)))
        else:
            with _opened(entries or _elsewhere(source, document), key) as lines:
                yield Published(document, _lines(lines))


def keep(source: str, key: str, folder: Path, name: str) -> Path:
    """Copy a published proof into `folder`, as `name`.json with its entries beside it; returns the document's path."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    kept = folder / f"{name}.json"
    with published(source, key=key) as proof, kept.with_suffix(".ndjson").open("w") as lines:
        kept.write_text(json.dumps(proof.document, indent=2) + "\n")
        lines.writelines(json.dumps(entry) + "\n" for entry in proof.entries)
    return kept


def asked(url: str, key: str) -> dict[str, Any]:
    """The JSON object at an address. ObstacleError: it cannot be read."""
    with _opened(url, key) as stream:
        return _document(stream, url)[0]


@contextmanager
def _opened(source: str, key: str | None) -> Iterator[IO[bytes]]:
    """The bytes of a file or an address, unpacked when they are packed."""
    try:
        with _answer(source, key) if _is_url(source) else Path(source).open("rb") as raw:
            buffered = io.BufferedReader(raw)
            yield _unpacked(buffered) if buffered.peek(2)[:2] == _GZIP else buffered
    except urllib.error.HTTPError as refusal:
        refusal.close()
        hint = " Give the organization's key with --key." if refusal.code in {401, 403, 404} and key is None else ""
        raise ObstacleError(f"{source} answered {refusal.code} {refusal.reason}.{hint}") from None
    except (OSError, EOFError) as failure:
        raise ObstacleError(f"{source} cannot be read: {getattr(failure, 'strerror', None) or failure}.") from None


def _unpacked(stream: IO[bytes]) -> IO[bytes]:
    return cast("IO[bytes]", gzip.GzipFile(fileobj=stream))


def _answer(url: str, key: str | None) -> Any:
    headers = {"Accept": "application/json, application/x-ndjson"}
    if key is not None:
        headers |= {"Authorization": f"Bearer {key}"} if key.startswith("dr_sk_") else {"X-Publishable-Key": key}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 (http and https alone, see _is_url)
    return urllib.request.urlopen(request, timeout=_ANSWER_SECONDS)  # noqa: S310 (as above)


def _document(stream: IO[bytes], source: str) -> tuple[dict[str, Any], bytes]:
    """The document at the beginning of a stream, and what of the next line was read already."""
    first = stream.readline()
    try:
        return _parsed(first), stream.readline()
    except ValueError:
        whole = first + stream.read()
    try:
        return _parsed(whole), b""
    except ValueError as failure:
        raise ObstacleError(f"{source} is no proof: {failure}.") from None


def _parsed(text: bytes) -> dict[str, Any]:
    document = json.loads(text)
    if not isinstance(document, dict):
        raise ValueError("it does not hold a JSON object")  # noqa: TRY004 (read as any other malformed text)
    return document


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
    """On the address that was dialled, because a name that the server has for itself need not resolve here."""
    dialled, _, path = source.partition("/api/v1")
    if not named:
        return source.rstrip("/") + "/entries"
    if path and "/api/v1" in named:
        return f"{dialled}/api/v1{named.partition('/api/v1')[2]}"
    return urljoin(source, named)


def _is_url(source: str) -> bool:
    return urlsplit(source).scheme in {"http", "https"}


def _chain(first: bytes, rest: IO[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _lines(stream: Iterable[bytes]) -> Iterator[Mapping[str, Any]]:
    """The lines as objects; what is no object is none, and the check names the line."""
    for line in stream:
        if line.strip():
            try:
                yield _object(json.loads(line))
            except ValueError:
                yield {}


def _object(line: object) -> Mapping[str, Any]:
    return line if isinstance(line, dict) else {}
