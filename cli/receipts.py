"""An entrant's receipt against a published proof, and its signature against the organizer's published keys."""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from joserfc import jws
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import OKPKey

from cli.errors import ObstacleError
from cli.published import Published, PublishedDraw
from domain.fairness import Finding
from domain.fairness.draws import Receipt, check_receipt
from domain.fairness.receipt import VerifyHead, check_queue_receipt
from domain.receipts import TREE_HEAD

_ALGORITHMS: Final = ["EdDSA", "Ed25519"]


def receipt_at(path: Path) -> Receipt:
    """The receipt in a file. ObstacleError: there is none."""
    try:
        kept = Receipt.from_json(_read(path))
        kept.tree_head()
    except (ValueError, RecursionError) as failure:
        raise ObstacleError(f"{path} is no receipt: {failure}.") from None
    return kept


def keys_at(path: Path) -> VerifyHead:
    """A check of signed tree heads by the key set in a file (RFC 7517). ObstacleError: there is none.

    A head counts when it is a JWS of the type `tree-head+jwt`, signed with Ed25519 by the key of the set that it names.
    """
    try:
        keys = _by_id(_read(path))
    except (ValueError, RecursionError, JoseError) as failure:
        raise ObstacleError(f"{path} is no key set: {failure}.") from None
    return lambda signed: _wrong_with(signed, keys)


def findings_of(receipt: Receipt, proof: Published | PublishedDraw, verify: VerifyHead | None) -> Sequence[Finding]:
    """The findings about a receipt, against what is published of its queue or its draw."""
    if isinstance(proof, PublishedDraw):
        return check_receipt(receipt, proof.lines, verify)
    return check_queue_receipt(receipt, proof.document, proof.entries, verify)


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except OSError as failure:
        raise ObstacleError(f"{path} cannot be read: {failure.strerror}.") from None


def _by_id(published: Any) -> dict[str, OKPKey]:
    """The Ed25519 keys of a set, by their ids; others are none that can sign tree heads."""
    if not isinstance(published, dict) or not isinstance(published.get("keys"), list):
        raise ValueError("it has no list of keys")  # noqa: TRY004 (read as any other malformed text)
    told = [one for one in published["keys"] if isinstance(one, dict)]
    of_curve = [one for one in told if (one.get("kty"), one.get("crv")) == ("OKP", "Ed25519")]
    keys = {str(one.get("kid")): OKPKey.import_key(one) for one in of_curve}
    if not keys:
        raise ValueError("it has no Ed25519 key")
    return keys


def _wrong_with(signed: str, keys: dict[str, OKPKey]) -> str | None:
    """What is wrong with a signed tree head, in words."""
    with warnings.catch_warnings():
        # Because the library warns of the older of the two names, which is the one that every library knows.
        warnings.simplefilter("ignore", SecurityWarning)
        try:
            header = jws.extract_compact(signed.encode()).headers()
            if header.get("typ") != TREE_HEAD:
                return f"its type is not {TREE_HEAD}"
            key = keys.get(str(header.get("kid")))
            if key is None:
                return "its key is none of those that are published"
            jws.deserialize_compact(signed, key, algorithms=_ALGORITHMS)
        except (JoseError, ValueError, TypeError, AttributeError, RecursionError):
            return "the signature is not that of the key"
    return None
