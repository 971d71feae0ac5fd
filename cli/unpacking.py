"""A gzipped file as a stream: one member and nothing behind it, as docs/fairness.md says of what is published."""

from __future__ import annotations

import io
import zlib
from typing import IO

GZIP = b"\x1f\x8b"
_CHUNK = 1 << 16


def unpacked(packed: IO[bytes]) -> io.BufferedReader:
    """The bytes that were packed. Reading raises zlib.error, EOFError or OSError where the file is damaged, cut or goes on."""
    return io.BufferedReader(_OneMember(packed), _CHUNK)


class _OneMember(io.RawIOBase):
    def __init__(self, packed: IO[bytes]) -> None:
        self._packed = packed
        self._unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]  # io wants any buffer, its reader brings this one
        while not self._unpacker.eof:
            fed = self._unpacker.unconsumed_tail or self._packed.read(_CHUNK)
            part = self._unpacker.decompress(fed, len(buffer))
            if part:
                buffer[: len(part)] = part
                return len(part)
            if not fed and not self._unpacker.eof:
                raise EOFError("the gzipped file was cut off")
        if self._unpacker.unused_data or self._packed.read(1):
            raise OSError("something stands behind the gzipped file")
        return 0
