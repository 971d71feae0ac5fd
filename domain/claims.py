"""Claims to be signed: a rule says what a token is to hold, a worker signs it after the commit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Claims:
    """The payload of a JSON Web Token, its `typ` header and which key signs it. Signing the same claims twice gives one token."""

    purpose: Literal["access", "grant"]
    typ: str
    payload: Mapping[str, Any]
