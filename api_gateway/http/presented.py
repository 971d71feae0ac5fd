"""Which key a request presents: in a header, or in the address of an event source, because browsers send no headers with one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from api_gateway.http.asgi import Scope
from api_gateway.http.raw import parsed_query

_SECRET_FORM: Final = b"dr_sk_"


def publishable_key(scope: Scope, headers: Mapping[bytes, bytes]) -> bytes | None:
    """The publishable key, unread. The header goes before the address."""
    sent = headers.get(b"x-publishable-key")
    if sent is not None:
        return sent
    named = _named(scope, "publishableKey")
    return None if named is None else named.encode("latin-1", "replace")


def presented_key(scope: Scope, headers: Mapping[bytes, bytes]) -> bytes | None:
    """The secret key of a server (RFC 6750, section 2.1), or the publishable key, unread."""
    scheme, _, credential = headers.get(b"authorization", b"").partition(b" ")
    if scheme.lower() == b"bearer" and credential.startswith(_SECRET_FORM):
        return credential
    return publishable_key(scope, headers)


def stream_ticket(scope: Scope) -> str | None:
    """The ticket that an event source names in its address."""
    return _named(scope, "ticket")


def _named(scope: Scope, parameter: str) -> str | None:
    sent: bytes = scope.get("query_string", b"")
    if parameter.encode() not in sent:
        return None
    named = parsed_query(sent).get(parameter)
    return None if named is None else named[-1]
