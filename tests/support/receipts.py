"""Receipts of a line and of a draw as they are kept, signed by a key of the test."""

import json
from base64 import urlsafe_b64decode
from typing import Any, Final

from joserfc.jwk import OKPKey

from domain.fairness import inclusion_path, leaf_hash, root_of
from domain.receipts import TREE_HEAD
from runtime.keys import SigningKey
from tests.support.proofs import QUEUE, entry

Json = dict[str, Any]
AT: Final = "2025-11-21T16:00:00.000Z"
OWN_JWK: Final[dict[str, str | list[str]]] = {
    "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
}  # fmt: skip
OWN: Final = SigningKey(
    "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
    OKPKey.import_key(OWN_JWK | {"d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}),
)
"""The key of RFC 8037, appendix A, under its thumbprint."""

KEY_SET: Final[dict[str, list[Json]]] = {"keys": [OWN_JWK | {"kid": OWN.kid, "use": "sig", "alg": "EdDSA"}]}


def signed(receipt: Json, key: SigningKey = OWN, typ: str = TREE_HEAD) -> Json:
    """The receipt with its tree head signed."""
    head = json.loads(urlsafe_b64decode(receipt["signedTreeHead"].split(".")[1] + "==="))
    return receipt | {"signedTreeHead": key.sign(typ, {"iss": "http://consumer.localhost"} | head)}


def queue_receipt(index: int, size: int) -> Json:
    """What was given to whoever has this ticket of a line, when its log had so many leaves."""
    hashes = [leaf_hash(entry(ticket).leaf()) for ticket in range(size)]
    head = {"distributionId": str(QUEUE), "size": size, "root": root_of(hashes).hex(), "at": AT}
    path = [sibling.hex() for sibling in inclusion_path(hashes, index)]
    own = {"leaf": hashes[index].hex(), "index": index, "path": path, "enteredAt": AT}
    return own | {"signedTreeHead": OWN.sign(TREE_HEAD, head)}
