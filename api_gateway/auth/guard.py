"""Recognizing a caller by the headers of a request: publishable key, consumer token, secret key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from api_gateway.auth.caller import PUBLISHABLE, SECRET, Caller, Key
from api_gateway.auth.keys import Keys
from api_gateway.auth.tokens import Claims, Tokens
from api_gateway.problems import Problem, problem

Headers = Mapping[bytes, bytes]
SCOPES: Final = frozenset({"read", "write", "participants", "exports", "keys"})
_SECRET_FORM, _PUBLISHABLE_FORM = b"dr_sk_", b"dr_pk_"


class Guard:
    """Who is calling. Every refusal is a Problem: 401 when the caller is not recognized, 403 when it may not."""

    def __init__(self, keys: Keys, tokens: Tokens) -> None:
        self.keys, self.tokens = keys, tokens

    def consumer_now(self, headers: Headers) -> Caller | None:
        """The consumer, where key and token were both seen lately; None: ask `consumer`, which may have to wait."""
        presented, bearer = headers.get(b"x-publishable-key"), _bearer(headers)
        if presented is None or bearer is None:
            raise _missing(presented)
        told, key = self.keys.remembered(presented.decode("latin-1"))
        return self.tokens.remembered(bearer, self._public_key(key, headers)) if told else None

    async def consumer(self, headers: Headers) -> Caller:
        """The consumer: a publishable key and an access token of the same organization and mode."""
        bearer = _bearer(headers)
        if bearer is None:
            raise _missing(headers.get(b"x-publishable-key"))
        return await self.tokens.consumer(bearer, await self._presented(headers))

    async def public(self, headers: Headers) -> Caller:
        """Whoever has a publishable key; the consumer, where an access token comes with it."""
        key, bearer = await self._presented(headers), _bearer(headers)
        return Caller(key, PUBLISHABLE) if bearer is None else await self.tokens.consumer(bearer, key)

    async def server(self, headers: Headers, scope: str) -> Caller:
        """A server with a secret key that has this scope. A browser has no business with one."""
        bearer = _bearer(headers)
        if bearer is None or not bearer.startswith(_SECRET_FORM):
            raise await self._no_secret(headers, bearer)
        key = self.keys.usable(await self.keys.find(bearer.decode("latin-1")))
        if key.kind != SECRET:
            raise problem("INVALID_KEY")
        if headers.get(b"origin") is not None:
            raise problem("ORIGIN_NOT_ALLOWED", "A secret key belongs on a server and is refused from a browser.")
        if scope not in key.scopes:
            raise problem("INSUFFICIENT_SCOPE", f"This key lacks the scope {scope}.")
        return Caller(key, SECRET)

    async def anybody(self, headers: Headers) -> Caller:
        """A server, a consumer, or whoever has a publishable key."""
        bearer = _bearer(headers)
        if bearer is not None and bearer.startswith(_SECRET_FORM):
            return await self.server(headers, "read")
        return await self.public(headers)

    async def grant(self, token: str, caller: Caller) -> Claims | None:
        """The claims of a grant of the caller's organization and mode, whatever has become of it, or None."""
        return await self.tokens.grant(token, caller)

    async def key_set(self) -> dict[str, Any]:
        """The key set for checks without us."""
        return await self.tokens.signers.published()

    @property
    def ready(self) -> bool:
        """Whether a key is known for every sort of token."""
        return self.tokens.signers.known

    def allows(self, headers: Headers) -> bool:
        """Whether pages of this request's origin may read its answer, by what is known of its key."""
        presented, origin = headers.get(b"x-publishable-key"), headers.get(b"origin")
        if presented is None or origin is None:
            return False
        _, key = self.keys.remembered(presented.decode("latin-1"))
        return key is not None and origin_allowed(key, origin.decode("latin-1"))

    async def _presented(self, headers: Headers) -> Key:
        presented = headers.get(b"x-publishable-key")
        if presented is None:
            raise _missing(presented)
        return self._public_key(await self.keys.find(presented.decode("latin-1")), headers)

    def _public_key(self, found: Key | None, headers: Headers) -> Key:
        key = self.keys.usable(found)
        if key.kind != PUBLISHABLE:
            raise problem("INVALID_KEY", "X-Publishable-Key takes a publishable key.")
        origin = headers.get(b"origin")
        if origin is not None and not origin_allowed(key, origin.decode("latin-1")):
            raise problem("ORIGIN_NOT_ALLOWED", "The organization does not list this origin.")
        return key

    async def _no_secret(self, headers: Headers, bearer: bytes | None) -> Problem:
        """Why a call without a secret key is refused: it is known but may not (403), or it is not known (401)."""
        public = bearer is not None and bearer.startswith(_PUBLISHABLE_FORM)
        presented = bearer if public else headers.get(b"x-publishable-key")
        if presented is not None:
            self.keys.usable(await self.keys.find(presented.decode("latin-1")))
            return problem("ACCESS_DENIED", "A publishable key may not do this; a server with a secret key may.")
        if bearer is None:
            return problem("AUTHENTICATION_REQUIRED", "Send Authorization: Bearer with a secret key.")
        return problem("SECRET_KEY_REQUIRED", "This needs a secret key, not a token.")


def origin_allowed(key: Key, origin: str) -> bool:
    """Whether pages of this origin may use the key: an empty list allows all."""
    allowed = key.settings.get("allowedOrigins") or ()
    return not allowed or any(_matches(str(one).lower(), origin.lower()) for one in allowed)


def _matches(allowed: str, origin: str) -> bool:
    """Whether an origin is the one listed, or lies under a listed `https://*.example.org`."""
    scheme, wild, domain = allowed.partition("*.")
    if not wild:
        return origin == allowed
    host = origin.removeprefix(scheme)
    return origin.startswith(scheme) and host.endswith("." + domain) and host != "." + domain


def _bearer(headers: Headers) -> bytes | None:
    """The credential of the Authorization header (RFC 6750 section 2.1). Problem 401 when it is of another scheme."""
    sent = headers.get(b"authorization")
    if sent is None:
        return None
    scheme, _, credential = sent.partition(b" ")
    if scheme.lower() != b"bearer" or not credential.strip():
        raise problem("AUTHENTICATION_REQUIRED", "Authorization takes Bearer and a credential.")
    return credential.strip()


def _missing(presented: bytes | None) -> Problem:
    if presented is None:
        return problem("AUTHENTICATION_REQUIRED", "Send X-Publishable-Key with the organization's publishable key.")
    return problem("AUTHENTICATION_REQUIRED", "Send Authorization: Bearer with an access token.")
