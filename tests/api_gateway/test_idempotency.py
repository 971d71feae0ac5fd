"""Idempotency-Key, Prefer, If-Match and X-Request-Id: each header by one rule."""

from uuid import UUID, uuid4

import pytest

from api_gateway.auth import Caller, Key
from api_gateway.http.idempotency import bits, command_id, guest_key, idempotency_key
from api_gateway.http.prefer import preference
from api_gateway.http.raw import parsed_query, request_id
from api_gateway.http.versions import etag, if_match
from api_gateway.problems import Problem


def make_caller(consumer: int | None = None, key: int = 1, tenant: int = 1) -> Caller:
    found = Key(
        UUID(int=tenant),
        UUID(int=1),
        "live",
        "hall",
        "ACTIVE",
        {},
        UUID(int=key),
        "secret",
        frozenset(),
        "ACTIVE",
        None,
    )
    return Caller(found, "consumer" if consumer else "secret", UUID(int=consumer) if consumer else None)


@pytest.mark.parametrize(
    ("sent", "key"), [("abc", "abc"), ('"abc"', "abc"), (r'"a\"b"', 'a"b'), ("~" * 255, "~" * 255)]
)
def test_a_key_is_quoted_or_bare(sent: str, key: str) -> None:
    assert idempotency_key({b"idempotency-key": sent.encode()}) == key


@pytest.mark.parametrize("sent", ["", '""', "a b", "x" * 256, "schlüssel", "\x07"])
def test_a_key_of_another_form_is_refused(sent: str) -> None:
    with pytest.raises(Problem) as wrong:
        idempotency_key({b"idempotency-key": sent.encode("latin-1")})
    assert wrong.value.errors[0]["path"] == "header:Idempotency-Key"


@pytest.mark.parametrize("key", [str(UUID(bytes=bytes(range(16)))), "0123456789abcdef" * 2, "Zm9vYmFyYmF6cXV4MTIzNA"])
def test_a_key_of_128_bits_is_strong_enough_for_a_guest(key: str) -> None:
    assert guest_key({b"idempotency-key": key.encode()}) == key


@pytest.mark.parametrize("key", ["1", "0" * 64, "12345678901234567890123456789012", "0123456789abcdef", "a" * 255])
def test_a_weak_key_makes_no_guest(key: str) -> None:
    with pytest.raises(Problem) as wrong:
        guest_key({b"idempotency-key": key.encode()})
    assert wrong.value.status == 400


def test_a_guest_needs_a_key() -> None:
    with pytest.raises(Problem):
        guest_key({})


def test_the_strength_of_a_key_is_judged_by_its_alphabet() -> None:
    assert bits("0123456789" * 4) < 133 < bits("0123456789abcdef" * 3)


def test_the_same_call_is_the_same_command() -> None:
    parent = uuid4()
    first, second = (command_id(b"s", make_caller(), ("POST", "/x"), "key", parent) for _ in range(2))
    assert (first, first.version, first.int >> 80) == (second, 7, parent.int >> 80)


def test_any_difference_is_another_command() -> None:
    parent, call = uuid4(), ("POST", "/x")
    ids = {
        command_id(b"s", make_caller(), call, "key", parent),
        command_id(b"t", make_caller(), call, "key", parent),
        command_id(b"s", make_caller(consumer=5), call, "key", parent),
        command_id(b"s", make_caller(key=2), call, "key", parent),
        command_id(b"s", make_caller(tenant=2), call, "key", parent),
        command_id(b"s", make_caller(), ("PUT", "/x"), "key", parent),
        command_id(b"s", make_caller(), ("POST", "/y"), "key", parent),
        command_id(b"s", make_caller(), ("POST", "/xk"), "ey", parent),
    }
    assert len(ids) == 8


@pytest.mark.parametrize(
    ("sent", "seconds", "at_once", "applied"),
    [
        ("respond-async", 5, True, "respond-async"), ("wait=10", 10, False, "wait=10"), ("wait=99", 30, False, "wait=30"),
        ("respond-async, wait=2", 2, False, "respond-async, wait=2"), ("wait=0", 0, False, "wait=0"),
        ("handling=lenient", 5, False, ""), ("wait=soon", 5, False, ""), ("WAIT=3; foo=bar", 3, False, "wait=3"),
    ],
)  # fmt: skip
def test_preferences(sent: str, seconds: float, at_once: bool, applied: str) -> None:  # noqa: FBT001 (a column)
    told = preference({b"prefer": sent.encode()})
    assert (told.wait, told.respond_async, told.applied) == (seconds, at_once, applied)


@pytest.mark.parametrize(("sent", "version"), [(None, None), ("*", None), ('"3"', 3), ('W/"12"', 12)])
def test_if_match_names_a_version(sent: str | None, version: int | None) -> None:
    assert if_match({} if sent is None else {b"if-match": sent.encode()}) == version


@pytest.mark.parametrize("sent", ["3", '"x"', '""', '"1", "2"', '"-1"', '"99999999999"'])
def test_if_match_takes_nothing_else(sent: str) -> None:
    with pytest.raises(Problem) as wrong:
        if_match({b"if-match": sent.encode()})
    assert wrong.value.status == 400


def test_an_etag_is_the_version_in_quotes() -> None:
    assert (etag(3), etag(None)) == ({"ETag": '"3"'}, {})


def test_a_request_keeps_its_own_id_if_that_is_a_uuid() -> None:
    own = uuid4()
    assert request_id({b"x-request-id": str(own).encode()}) == own
    assert request_id({b"x-request-id": b"nonsense"}) is None
    assert request_id({b"x-request-id": b"x" * 36}) is None
    assert request_id({}) is None


def test_a_query_with_too_many_fields_has_none() -> None:
    assert parsed_query(b"&".join([b"a=1"] * 101)) == {}
    assert parsed_query(b"a=&b=%C3%A9") == {"a": [""], "b": ["é"]}
