"""The leaves of a draw's log as they are published, one line each."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias
from uuid import UUID

from pydantic import JsonValue

from domain.fairness.commitment import MAX_SAFE_INTEGER
from domain.fairness.leaves import (
    EXIT_KINDS,
    MAX_PEOPLE,
    MAX_TICKETS,
    NO_HASH,
    DrawEntry,
    draw_entry_leaf,
    draw_exit_leaf,
    preferences_hash,
)
from domain.fairness.members import instant_of, instant_text, number_of, participation_of

_EXIT: Final = frozenset(("leaf", "index", "participationId", "receivedAt"))
_ENTRY: Final = _EXIT | {"number", "ticket", "tickets", "people", "duplicateKey", "preferences"}


@dataclass(frozen=True, slots=True)
class PublishedDrawEntry:
    """Somebody entered: the entry as it was hashed, and the prizes that its `preferences` are the hash of."""

    index: int
    entry: DrawEntry
    prizes: tuple[str, ...] | None = None

    def leaf(self) -> bytes:
        """Return the content of its leaf in the log."""
        return draw_entry_leaf(self.entry)

    def as_json(self) -> dict[str, JsonValue]:
        """Write the published line."""
        entry = self.entry
        return {
            "leaf": "enter",
            "index": self.index,
            "number": entry.number,
            "ticket": entry.first_ticket,
            "participationId": str(entry.participation_id),
            "receivedAt": instant_text(entry.received_at),
            "tickets": entry.tickets,
            "people": entry.people,
            "duplicateKey": None if entry.duplicate_key == NO_HASH else entry.duplicate_key.hex(),
            "preferences": None if self.prizes is None else list(self.prizes),
        }


@dataclass(frozen=True, slots=True)
class PublishedExit:
    """Somebody left or was denied before the freeze; `kind` is "leave" or "deny"."""

    index: int
    kind: str
    participation_id: UUID
    received_at: int

    def leaf(self) -> bytes:
        """Return the content of its leaf in the log."""
        return draw_exit_leaf(EXIT_KINDS[self.kind], self.participation_id, self.received_at)

    def as_json(self) -> dict[str, JsonValue]:
        """Write the published line."""
        return {
            "leaf": self.kind,
            "index": self.index,
            "participationId": str(self.participation_id),
            "receivedAt": instant_text(self.received_at),
        }


PublishedLeaf: TypeAlias = PublishedDrawEntry | PublishedExit


def leaf_of(line: Mapping[str, object]) -> PublishedLeaf:
    """Read a published leaf. Raises ValueError naming the member that is wrong."""
    kind = line.get("leaf")
    if kind == "enter":
        return _entry(_exactly(line, _ENTRY))
    if isinstance(kind, str) and kind in EXIT_KINDS:
        _exactly(line, _EXIT)
        return PublishedExit(
            number_of(line["index"], "index", MAX_SAFE_INTEGER),
            kind,
            participation_of(line["participationId"]),
            instant_of(line["receivedAt"]),
        )
    raise ValueError(f"its leaf is {kind!r}, not one of enter, {', '.join(EXIT_KINDS)}")


def _entry(line: Mapping[str, object]) -> PublishedDrawEntry:
    prizes = _prizes(line["preferences"])
    entry = DrawEntry(
        number=number_of(line["number"], "number", MAX_SAFE_INTEGER),
        first_ticket=number_of(line["ticket"], "ticket", MAX_SAFE_INTEGER),
        participation_id=participation_of(line["participationId"]),
        received_at=instant_of(line["receivedAt"]),
        tickets=_positive(line["tickets"], "tickets", MAX_TICKETS),
        people=_positive(line["people"], "people", MAX_PEOPLE),
        duplicate_key=_duplicate_key(line["duplicateKey"]),
        preferences=NO_HASH if prizes is None else preferences_hash(prizes),
    )
    return PublishedDrawEntry(number_of(line["index"], "index", MAX_SAFE_INTEGER), entry, prizes)


def _exactly(line: Mapping[str, object], members: frozenset[str]) -> Mapping[str, object]:
    if line.keys() != members:
        named = ", ".join(sorted(map(str, line.keys() ^ members)))
        raise ValueError(f"it does not have the members of its kind ({named})")
    return line


def _positive(value: object, member: str, most: int) -> int:
    if type(value) is not int or not 1 <= value <= most:
        raise ValueError(f"its {member} is {value!r}, not a number from 1 to {most}")
    return value


def _duplicate_key(value: object) -> bytes:
    if value is None:
        return NO_HASH
    key = bytes.fromhex(value) if isinstance(value, str) else b""
    if len(key) != len(NO_HASH) or key.hex() != value or key == NO_HASH:
        raise ValueError(f"its duplicateKey is {value!r}, not a hash of 64 hex digits")
    return key


def _prizes(value: object) -> tuple[str, ...] | None:
    if value is None:
        return None
    if not isinstance(value, list) or not value or not all(isinstance(prize, str) for prize in value):
        raise ValueError(f"its preferences are {value!r}, not a list of prizes")
    return tuple(value)
