"""Tokens that are nearly right: each wrong in one way that has fooled somebody's verifier (RFC 8725)."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc.jwk import ECKey, OKPKey

from runtime.keys import NewKey, SigningKey, new_key, open_key
from store import signing_keys
from tests.support.house import KEK, House

Json = Any
ELSEWHERE = "https://keys.elsewhere.example/jwks.json"


@dataclass(frozen=True)
class Model:
    """A good token taken apart, the key that signed it, and the key that signs tokens of the other sort."""

    header: Mapping[str, Json]
    claims: Mapping[str, Json]
    key: SigningKey
    other: SigningKey
    text: str

    def signed(self, key: SigningKey | None = None, **claims: Json) -> str:
        """The token with other claims (None: without that claim), by the key itself or by another."""
        kept = {name: value for name, value in {**self.claims, **claims}.items() if value is not None}
        return (key or self.key).sign(str(self.header["typ"]), kept)

    def by(self, sign: Callable[[bytes], bytes], **header: Json) -> str:
        """The token under another header (None: without that member), signed by whatever."""
        kept = {name: value for name, value in {**self.header, **header}.items() if value is not None}
        said = f"{part(kept)}.{part(self.claims)}"
        return f"{said}.{encoded(sign(said.encode()))}"


def model_of(house: House, token: str, purpose: str) -> Model:
    """A token of this house as a model for forgeries; `purpose` is "access" or "grant"."""
    header, claims, _ = (decoded(one) for one in f"{token.rpartition('.')[0]}.e30".split("."))
    return Model(header, claims, *(signing_key(house, one) for one in (purpose, OTHER[purpose])), token)


TYPES = {"at+jwt": "admission+jwt", "admission+jwt": "at+jwt"}
OTHER = {"access": "grant", "grant": "access"}


def signing_key(house: House, purpose: str) -> SigningKey:
    """The key that signs tokens of this purpose in a house."""
    engine = house.database.engine()
    with engine.connect() as connection:
        (found,) = [one for one in signing_keys.signing(connection) if one.purpose == purpose]
    engine.dispose()
    return open_key(found.kid, found.sealed, KEK)


def strangers_key(kid: str | None = None) -> SigningKey:
    """A key that nobody has listed, under its own id or under a borrowed one."""
    fresh: NewKey = new_key(KEK)
    return replace(open_key(fresh.kid, fresh.sealed, KEK), kid=kid or fresh.kid)


def part(value: Json) -> str:
    """A part of a compact token."""
    return encoded(json.dumps(value).encode())


def encoded(raw: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decoded(text: str) -> Json:
    """What a part of a compact token says."""
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def raw_signer(key: OKPKey) -> Callable[[bytes], bytes]:
    """Signs bytes with an Ed25519 key."""
    sign: Callable[[bytes], bytes] = key.private_key.sign  # type: ignore[union-attr] # this one is private
    return sign


def _hmac(secret: bytes) -> Callable[[bytes], bytes]:
    return lambda said: hmac.digest(secret, said, hashlib.sha256)


def _public(model: Model, form: str) -> bytes:
    if form == "raw":
        return base64.urlsafe_b64decode(str(model.key.key.as_dict(private=False)["x"]) + "=")
    if form == "jwk":
        return json.dumps(model.key.key.as_dict(private=False)).encode()
    return model.key.key.as_bytes("PEM", private=False)


def _es256(said: bytes) -> bytes:
    key = ECKey.generate_key("P-256").private_key
    return key.sign(said, ec.ECDSA(hashes.SHA256()))  # type: ignore[union-attr, no-any-return] # joserfc names it loosely


def _nothing(_: bytes) -> bytes:
    return b""


def _own(model: Model, **header: Json) -> str:
    """Signed by a stranger who brings the key along, or says where it is."""
    return model.by(raw_signer(strangers_key().key), **header)


def _stranger(model: Model, **header: Json) -> str:
    return model.by(raw_signer(strangers_key().key), **header)


def _jwk() -> Json:
    return OKPKey.generate_key("Ed25519").as_dict(private=False)


def _swapped(model: Model) -> str:
    head, _, signature = model.text.split(".")
    return f"{head}.{part({**model.claims, 'sub': str(uuid4())})}.{signature}"


def _listed(model: Model) -> str:
    said = f"{part(dict(model.header))}.{part([dict(model.claims)])}"
    return f"{said}.{encoded(raw_signer(model.key.key)(said.encode()))}"


FORGERIES: dict[str, Callable[[Model], str]] = {
    **{f"algorithm {alg}": (lambda m, alg=alg: m.by(_nothing, alg=alg)) for alg in ("none", "None", "NONE", "nOnE", "")},
    "algorithm missing": lambda m: m.by(_nothing, alg=None),
    "algorithms in a list": lambda m: m.by(raw_signer(m.key.key), alg=["EdDSA"]),
    **{
        f"{alg} with the public key ({form})": (lambda m, alg=alg, form=form: m.by(_hmac(_public(m, form)), alg=alg))
        for alg in ("HS256", "EdDSA") for form in ("raw", "jwk", "pem")
    },
    "HS256 with nothing": lambda m: m.by(_hmac(b""), alg="HS256"),
    "ES256": lambda m: m.by(_es256, alg="ES256"),
    **{f"{alg} says a good signature": (lambda m, alg=alg: m.by(raw_signer(m.key.key), alg=alg)) for alg in ("RS256", "Ed448")},
    "a stranger under our kid": lambda m: m.signed(strangers_key(m.key.kid)),
    "a stranger under its own kid": lambda m: m.signed(strangers_key()),
    "the key of the other sort of token": lambda m: m.signed(m.other),
    "the key of the other sort under our kid": lambda m: m.signed(replace(m.other, kid=m.key.kid)),
    "jwk": lambda m: _own(m, jwk=_jwk()),
    "jwk without kid": lambda m: _own(m, jwk=_jwk(), kid=None),
    "jku": lambda m: _own(m, jku=ELSEWHERE),
    "x5u": lambda m: _own(m, x5u=ELSEWHERE),
    "x5c": lambda m: _own(m, x5c=["MIIB"]),
    **{
        f"kid {kid!r:.40}": (lambda m, kid=kid: _stranger(m, kid=kid))
        for kid in (
            "", "../../../../dev/null", "/etc/passwd", "' OR '1'='1", "x' UNION SELECT sealed FROM signing_key --", ELSEWHERE,
            "%", "\x00", "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"), "k" * 2_000, "${jndi:ldap://x}",
        )
    },
    **{f"kid of the wrong type {kid!r}": (lambda m, kid=kid: _stranger(m, kid=kid)) for kid in (7, True, ["x"], {"a": 1})},
    "no kid": lambda m: _stranger(m, kid=None),
    **{f"typ {typ!r}": (lambda m, typ=typ: m.by(raw_signer(m.key.key), typ=typ)) for typ in ("JWT", "at+JWT", "", None, 7)},
    "the other sort of token's typ": lambda m: m.by(raw_signer(m.key.key), typ=TYPES[str(m.header["typ"])]),
    "another issuer": lambda m: m.signed(iss="https://elsewhere.example"),
    "no issuer": lambda m: m.signed(iss=None),
    "issuers in a list": lambda m: m.signed(iss=[m.claims["iss"]]),
    "another audience": lambda m: m.signed(aud=str(uuid4())),
    "no audience": lambda m: m.signed(aud=None),
    "audiences in a list": lambda m: m.signed(aud=[m.claims["aud"]]),
    "the other mode": lambda m: m.signed(mode="test"),
    "no mode": lambda m: m.signed(mode=None),
    "another's claims under a good signature": _swapped,
    "signature of nothing": lambda m: f"{m.text.rpartition('.')[0]}.",
    "signature of zeros": lambda m: f"{m.text.rpartition('.')[0]}.{encoded(bytes(64))}",
    "signature too short": lambda m: m.text[:-4],
    "signature too long": lambda m: f"{m.text}AAAA",
    "header alone": lambda m: m.text.partition(".")[0],
    "four parts": lambda m: f"{m.text}.e30",
    "twice": lambda m: f"{m.text}.{m.text}",
    "as JSON": lambda m: json.dumps(dict(zip(("protected", "payload", "signature"), m.text.split("."), strict=True))),
    "oversized": lambda m: m.signed(more="x" * 4_096),
    "claims in a list": _listed,
}  # fmt: skip
"""Each wrong way by its name, made from a good token."""

ACCESS_ONLY: dict[str, Callable[[Model], str]] = {
    "expired": lambda m: m.signed(exp=int(time.time()) - 1),
    "never expires": lambda m: m.signed(exp=None),
    "expires at a word": lambda m: m.signed(exp="later"),
    "not yet": lambda m: m.signed(nbf=int(time.time()) + 600),
    "from a word on": lambda m: m.signed(nbf="now"),
    "nobody": lambda m: m.signed(sub=None),
    "no session": lambda m: m.signed(sid=None),
    "another organization": lambda m: m.signed(organizationId=str(uuid4())),
}  # fmt: skip
"""The same for what only the gateway judges; of a grant the ledger knows these."""
