"""Who is asking, found out from the headers alone."""

from api_gateway.auth.caller import CONSUMER, PUBLISHABLE, SECRET, Caller, Key
from api_gateway.auth.guard import SCOPES, Guard, Headers, origin_allowed
from api_gateway.auth.keys import Keys, key_hash
from api_gateway.auth.refresh import GuestIds, RefreshTokens, guest_ids, new_guest, token_hash
from api_gateway.auth.signers import Signers
from api_gateway.auth.tokens import Tokens, digest

__all__ = [
    "CONSUMER",
    "PUBLISHABLE",
    "SCOPES",
    "SECRET",
    "Caller",
    "Guard",
    "GuestIds",
    "Headers",
    "Key",
    "Keys",
    "RefreshTokens",
    "Signers",
    "Tokens",
    "digest",
    "guest_ids",
    "key_hash",
    "new_guest",
    "origin_allowed",
    "token_hash",
]
