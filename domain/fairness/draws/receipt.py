"""An entrant's receipt against the proof file of the draw: whether the entry stands where it was promised to stand."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from domain.fairness.draws.reading import ProofReader
from domain.fairness.draws.wrong import told
from domain.fairness.findings import Finding, fails, holds, still_open
from domain.fairness.members import Hash, Number, Participation
from domain.fairness.merkle import Frontier, leaf_hash, verify_inclusion


class _Kept(BaseModel):
    """What an entrant kept; more members than needed are no harm."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        frozen=True, alias_generator=to_camel, validate_by_name=True, validate_by_alias=True
    )


class TreeHead(_Kept):
    """The log as the organizer signed it when the entry was taken."""

    distribution_id: Participation
    size: Number
    root: Hash


class Receipt(_Kept):
    """What an entrant got back: the hash of the entry's leaf, its index, the way up to a signed tree head."""

    leaf: Hash
    index: Number
    path: Annotated[tuple[Hash, ...], Field(max_length=64)]
    signed_tree_head: str

    @classmethod
    def from_json(cls, kept: object) -> "Receipt":
        """Read a receipt. Raises ValueError saying what is wrong."""
        try:
            return cls.model_validate(kept)
        except ValidationError as error:
            raise ValueError(told(error)) from None

    def tree_head(self) -> TreeHead:
        """Read what was signed, without checking the signature. Raises ValueError when it is no such JWS."""
        payload = self.signed_tree_head.split(".")[1:2]
        try:
            return TreeHead.model_validate(json.loads(urlsafe_b64decode(f"{''.join(payload)}===")))
        except ValidationError as error:
            raise ValueError(f"signedTreeHead: {told(error)}") from None
        except (ValueError, RecursionError):
            raise ValueError("signedTreeHead is no JWS") from None

    def shows_leaf(self, head: TreeHead) -> bool:
        """Whether the path leads from the leaf to the root."""
        path = [bytes.fromhex(sibling) for sibling in self.path]
        return verify_inclusion(bytes.fromhex(self.leaf), self.index, head.size, path, bytes.fromhex(head.root))


def check_receipt(receipt: Receipt, lines: Iterable[object]) -> list[Finding]:
    """Check a receipt against the decoded lines of a proof file, read as a stream.

    The findings are receipt, draw, entry and log: the receipt leads to its tree head, that head is of this draw, the
    entry stands in the file at its index, and nothing of what was signed was changed. The signature is the caller's
    to check. Raises UnreadableProofError as `check_draw` does, and ValueError for a tree head that cannot be read.
    """
    head = receipt.tree_head()
    reader = ProofReader(lines)
    document = reader.document()
    own = _own(receipt, head)
    if document.distribution_id != head.distribution_id:
        return [own, fails("draw", "The receipt is of another draw.")]
    if not document.is_sealed:
        return [own, still_open("entry", "The entries are not published yet.")]
    hashes = (leaf_hash(leaf.leaf()) for leaf in reader.leaves())
    return [own, holds("draw", "The receipt is of this draw."), *_found(receipt, head, hashes)]


def _own(receipt: Receipt, head: TreeHead) -> Finding:
    if not receipt.shows_leaf(head):
        return fails("receipt", "The receipt's path does NOT lead from its leaf to its tree head.", leaf=receipt.index)
    return holds("receipt", f"By the receipt the entry is leaf {receipt.index} of the {head.size} that were signed.")


def _found(receipt: Receipt, head: TreeHead, hashes: Iterator[bytes]) -> Iterator[Finding]:
    kept: list[str] = []
    before = Frontier().extend(_keeping(receipt.index, islice(hashes, head.size), kept))
    yield _entry(receipt, kept[0] if kept else None)
    if (before.size, before.root().hex()) != (head.size, head.root):
        yield fails("log", f"The first {head.size} leaves of the file are NOT those that were signed.")
    else:
        yield holds("log", f"The first {head.size} leaves of the file are those that were signed.")


def _keeping(index: int, hashes: Iterable[bytes], kept: list[str]) -> Iterator[bytes]:
    for at, found in enumerate(hashes):
        if at == index:
            kept.append(found.hex())
        yield found


def _entry(receipt: Receipt, published: str | None) -> Finding:
    at = f"leaf {receipt.index}"
    if published is None:
        return fails("entry", f"The entry is NOT in the file: it ends before {at}.", leaf=receipt.index)
    if published != receipt.leaf:
        text = f"The entry is NOT in the file as it was taken: {at} is another one. It was dropped, moved or changed."
        return fails("entry", text, leaf=receipt.index)
    return holds("entry", f"The entry stands in the file, as {at}.")
