"""The shop behind the waiting room: server actions with a secret key, and the offline check of a grant."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import KeySet

from cli.crowd.door import Answer, Door, call
from cli.crowd.plan import Address

COMPLETED = frozenset({200, 202})
COMPLETED_OR_LATE = frozenset({200, 202, 409})
OFFLINE_ALGORITHMS = ["EdDSA", "Ed25519"]


class Shop:
    """Validates grants and reports purchases, as a merchant's server does."""

    def __init__(self, door: Door, address: Address, secret_key: str) -> None:
        self.door = door
        self._address, self._secret_key = address, secret_key
        self.base = address.consumer
        self.headers = {
            **address.consumer_headers,
            "Authorization": f"Bearer {secret_key}",
            "Content-Type": "application/json",
        }

    def through(self, door: Door) -> Shop:
        """The same shop behind another door."""
        return Shop(door, self._address, self._secret_key)

    async def validate(self, grant: str, **expectations: str) -> Answer:
        """Whether the grant is good now; `expectations` are consumerId and distributionId."""
        body = {"admissionGrant": grant, **expectations}
        url = f"{self.base}/admission/validate"
        return await self.door.insist(call("validate", "POST", url, self.headers, body=body))

    async def complete(self, grant: str, order_id: str, expected: frozenset[int] = COMPLETED_OR_LATE) -> Answer:
        """Reports the purchase: single use is decided here."""
        body = {"admissionGrant": grant, "orderId": order_id}
        url = f"{self.base}/admission/complete"
        return await self.door.insist(call("complete", "POST", url, self.headers, body=body, expected=expected))


@dataclass(slots=True)
class OfflineCheck:
    """Grants checked with nothing but the published key set, the first `most` of them."""

    keys: KeySet | None
    most: int = 100
    checked: int = 0
    failures: int = 0

    def look_at(self, grant: str, queue_id: str) -> None:
        """Checks signature, type, algorithm and queue of a grant that the waiting room handed out."""
        if self.keys is None or self.checked >= self.most:
            return
        self.checked += 1
        self.failures += not _genuine(grant, self.keys, queue_id)


def _genuine(grant: str, keys: KeySet, queue_id: str) -> bool:
    with warnings.catch_warnings():
        # Because the library warns of the older of the two names, which is the one that every library knows.
        warnings.simplefilter("ignore", SecurityWarning)
        try:
            token = jwt.decode(grant, keys, algorithms=OFFLINE_ALGORITHMS)
        except (JoseError, ValueError):
            return False
    return token.header.get("typ") == "admission+jwt" and token.claims.get("distributionId") == queue_id


def key_set(published: dict[str, Any]) -> KeySet | None:
    """The key set as published, or None when it is none."""
    return KeySet.import_key_set({"keys": published["keys"]}) if published.get("keys") else None
