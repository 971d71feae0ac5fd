"""An entrant's receipt: what it says by itself, and against the leaves of a published log (docs/fairness.md, section 20)."""

import json
import re
from base64 import urlsafe_b64decode
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Annotated, ClassVar, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from domain.fairness.document import ProofDocument, PublishedEntry
from domain.fairness.findings import Finding, fails, holds, still_open
from domain.fairness.members import Hash, Number, Participation
from domain.fairness.merkle import Frontier, leaf_hash, sibling_ranges, verify_inclusion

VerifyHead = Callable[[str], str | None]
"""What is wrong with the signature of a compact JWS, in words; None when the organizer has signed it as a tree head."""

Millisecond = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$")]
_JWS: Final = re.compile(r"[\w-]+\.[\w-]+\.[\w-]*", re.ASCII)


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
    at: Millisecond


class Receipt(_Kept):
    """What an entrant got back: the hash of the entry's leaf, its index, the way up to a signed tree head."""

    leaf: Hash
    index: Number
    path: Annotated[tuple[Hash, ...], Field(max_length=64)]
    signed_tree_head: str
    entered_at: Millisecond

    @classmethod
    def from_json(cls, kept: object) -> "Receipt":
        """Read a receipt. Raises ValueError saying what is wrong."""
        try:
            return cls.model_validate(kept)
        except ValidationError as error:
            raise ValueError(_told(error)) from None

    def tree_head(self) -> TreeHead:
        """Read what was signed, without checking the signature. Raises ValueError when it is no such JWS."""
        if not _JWS.fullmatch(self.signed_tree_head):
            raise ValueError("signedTreeHead is no JWS")
        payload = self.signed_tree_head.split(".")[1]
        try:
            return TreeHead.model_validate(json.loads(urlsafe_b64decode(f"{payload}===")))
        except ValidationError as error:
            raise ValueError(f"signedTreeHead: {_told(error)}") from None
        except (ValueError, RecursionError):
            raise ValueError("signedTreeHead is no JWS") from None

    def shows_leaf(self, head: TreeHead) -> bool:
        """Whether the path leads from the leaf to the root."""
        path = [bytes.fromhex(sibling) for sibling in self.path]
        return verify_inclusion(bytes.fromhex(self.leaf), self.index, head.size, path, bytes.fromhex(head.root))


def check_by_itself(receipt: Receipt, head: TreeHead, verify: VerifyHead | None) -> list[Finding]:
    """What a receipt says without any file: the findings receipt and signature; without `verify` the latter is open."""
    own = holds("receipt", f"By the receipt the entry is leaf {receipt.index} of the {head.size} that were signed.")
    if not receipt.shows_leaf(head):
        own = fails("receipt", "The receipt's path does NOT lead from its leaf to its tree head.", leaf=receipt.index)
    return [own, _signature(receipt, verify)]


def check_leaves(receipt: Receipt, head: TreeHead, hashes: Iterator[bytes]) -> Iterator[Finding]:
    """The findings entry and log, against the leaf hashes of a log that must hold all that was signed."""
    kept: list[str] = []
    before = Frontier().extend(_keeping(receipt.index, islice(hashes, head.size), kept))
    yield _entry(receipt, kept[0] if kept else None)
    if (before.size, before.root().hex()) != (head.size, head.root):
        yield fails("log", f"The first {head.size} leaves of the file are NOT those that were signed.")
    else:
        yield holds("log", f"The first {head.size} leaves of the file are those that were signed.")


def check_queue_receipt(
    receipt: Receipt,
    proof: Mapping[str, object],
    entries: Iterable[Mapping[str, object]],
    verify: VerifyHead | None = None,
) -> list[Finding]:
    """Check a receipt against a queue's proof document and the entries of its cohort, which are read once, as a stream.

    The findings are receipt, signature, queue, entry and log. The log of a queue goes on behind the cohort: of an entry
    there the file says nothing, and of a head signed there what the receipt's path says of leaves of the cohort alone.
    Raises ValueError for a tree head that cannot be read.
    """
    head = receipt.tree_head()
    own = check_by_itself(receipt, head, verify)
    try:
        document = ProofDocument.model_validate(proof)
    except ValidationError:
        return [*own, still_open("queue", "The proof document cannot be read.")]
    if document.distribution_id != head.distribution_id:
        return [*own, fails("queue", "The receipt is of another queue.")]
    of_queue = holds("queue", "The receipt is of this queue.")
    if document.count is None:
        return [*own, of_queue, still_open("entry", "The entries are not published yet.")]
    hashes = _hashes(entries)
    if head.size <= document.count:
        return [*own, of_queue, *check_leaves(receipt, head, hashes)]
    return [*own, of_queue, *_beyond(receipt, head, hashes, document.count)]


def _beyond(receipt: Receipt, head: TreeHead, hashes: Iterable[bytes], count: int) -> Iterator[Finding]:
    """Against a cohort of `count` leaves that is the beginning of what was signed."""
    kept: list[str] = []
    leaves = _keeping(receipt.index, hashes, kept)
    path = zip(sibling_ranges(receipt.index, head.size), receipt.path, strict=False)
    inside = {span: sibling for span, sibling in path if span[1] <= count}
    roots = _roots(leaves, sorted(inside))
    deque(leaves, maxlen=0)
    if receipt.index < count:
        yield _entry(receipt, kept[0] if kept else None)
    else:
        behind = f"leaf {receipt.index} of the log stands behind the {count} of the file"
        yield still_open("entry", f"The entry came after the order was fixed: {behind}, which says nothing of it.")
    if not receipt.shows_leaf(head):
        yield still_open("log", "Nothing can be compared with a path that leads nowhere.")
    elif roots != inside:
        yield fails("log", "Leaves of the file are NOT those that were signed.")
    elif not inside:
        yield still_open(
            "log", "The receipt was signed after the order was fixed, and its path says nothing of the file."
        )
    else:
        yield holds("log", _reached(sum(end - start for start, end in inside), count))


def _reached(leaves: int, count: int) -> str:
    return f"The receipt's path reaches {leaves} of the {count} leaves of the file: they are those that were signed."


def _roots(leaves: Iterator[bytes], spans: Iterable[tuple[int, int]]) -> dict[tuple[int, int], str]:
    """The root of each span of leaves, which do not overlap and come in their order; one pass."""
    roots, at = {}, 0
    for start, end in spans:
        roots[start, end] = Frontier().extend(islice(leaves, start - at, end - at)).root().hex()
        at = end
    return roots


def _signature(receipt: Receipt, verify: VerifyHead | None) -> Finding:
    if verify is None:
        return still_open(
            "signature", "Who signed the receipt was not checked: it takes the organizer's published keys."
        )
    wrong = verify(receipt.signed_tree_head)
    if wrong is not None:
        return fails("signature", f"The receipt is NOT signed by the organizer: {wrong}.")
    return holds("signature", "The receipt's tree head is signed with a key of the organizer.")


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


def _hashes(entries: Iterable[Mapping[str, object]]) -> Iterator[bytes]:
    """The leaf hashes of a cohort, up to a line that cannot be read."""
    for line in entries:
        try:
            yield leaf_hash(PublishedEntry.from_json(line).leaf())
        except ValueError:
            return


def _told(error: ValidationError) -> str:
    return "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
