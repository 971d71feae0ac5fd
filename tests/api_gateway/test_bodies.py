"""Bodies: bounded, JSON, and without surprises."""

import json
from typing import Any

import pytest

from api_gateway.http.bodies import DEEPEST, DisconnectedError, decoded, fingerprint, read
from api_gateway.problems import Problem

JSON = {b"content-type": b"application/json"}


def sending(*parts: bytes) -> Any:
    """A receive that gives these parts."""
    messages = [
        {"type": "http.request", "body": part, "more_body": number < len(parts) - 1}
        for number, part in enumerate(parts)
    ]

    async def receive() -> Any:
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    return receive


async def test_a_body_comes_in_parts() -> None:
    assert await read(sending(b'{"a"', b":1}"), JSON, 100) == b'{"a":1}'


async def test_no_body_needs_no_media_type() -> None:
    assert await read(sending(b""), {}, 100) == b""


async def test_a_body_that_announces_too_much_is_not_read() -> None:
    with pytest.raises(Problem) as wrong:
        await read(sending(b"x"), JSON | {b"content-length": b"101"}, 100)
    assert wrong.value.status == 413


async def test_a_body_that_grows_too_large_is_cut_off() -> None:
    with pytest.raises(Problem) as wrong:
        await read(sending(b"x" * 60, b"y" * 60, b"z"), JSON, 100)
    assert wrong.value.code == "PAYLOAD_TOO_LARGE"


async def test_a_length_that_is_no_number_is_refused() -> None:
    with pytest.raises(Problem) as wrong:
        await read(sending(b"x"), JSON | {b"content-length": b"-1"}, 100)
    assert wrong.value.code == "INVALID_REQUEST"


async def test_a_caller_who_goes_away_leaves_no_body() -> None:
    async def receive() -> Any:
        return {"type": "http.disconnect"}

    with pytest.raises(DisconnectedError):
        await read(receive, JSON, 100)


@pytest.mark.parametrize("kind", [None, "text/plain", "application/jsonx", "application/json; charset=utf-16"])
async def test_other_media_types_are_refused(kind: str | None) -> None:
    headers = {} if kind is None else {b"content-type": kind.encode()}
    with pytest.raises(Problem) as wrong:
        await read(sending(b"{}"), headers, 100)
    assert wrong.value.status == 415


@pytest.mark.parametrize(
    "kind", ["application/json", "Application/JSON; charset=UTF-8", "application/merge-patch+json"]
)
async def test_json_is_accepted(kind: str) -> None:
    assert await read(sending(b"{}"), {b"content-type": kind.encode()}, 100) == b"{}"


@pytest.mark.parametrize(
    "sent",
    [
        b"{", b"nonsense", b'{"a":NaN}', b'{"a":Infinity}', b'{"a":1,"a":2}', b'{"o":{"a":1,"a":2}}', b"\xff\xfe{}",
        b'{"a":"\\ud800"}', b"[" * 5000 + b"]" * 5000, b'{"a":1}x', b"'a'", b'{"a":1,}',
    ],
)  # fmt: skip
def test_what_is_no_json_is_refused(sent: bytes) -> None:
    with pytest.raises(Problem) as wrong:
        decoded(sent)
    assert (wrong.value.status, wrong.value.code) == (400, "INVALID_JSON")


@pytest.mark.parametrize("sent", [b'{"a":"x\\u0000y"}', b'{"a\\u0000":1}', b'[["\\u0000"]]'])
def test_a_nul_in_a_text_is_refused(sent: bytes) -> None:
    with pytest.raises(Problem) as wrong:
        decoded(sent)
    assert wrong.value.code == "VALIDATION_ERROR"


def test_a_backslash_before_a_zero_is_no_nul() -> None:
    assert decoded(rb'{"a":"\\u0000"}') == {"a": r"\u0000"}


def test_no_body_is_an_empty_object() -> None:
    assert decoded(b" ") == {}


def test_bodies_that_say_the_same_have_one_fingerprint() -> None:
    first, second = b'{"b": 1, "a": [1, 2]}', b'{"a":[1,2],"b":1}'
    assert fingerprint(decoded(first)) == fingerprint(decoded(second))
    assert fingerprint(decoded(first)) != fingerprint(json.loads('{"a":[2,1],"b":1}'))


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_a_body_is_nested_so_deep_and_no_deeper(opening: str, closing: str) -> None:
    def nested(depth: int) -> bytes:
        return (opening * depth + "1" + closing * depth).encode()

    assert decoded(nested(DEEPEST)) == json.loads(nested(DEEPEST))
    for depth in (DEEPEST + 1, 249, 2_000, 100_000):
        with pytest.raises(Problem) as wrong:
            decoded(nested(depth))
        assert (wrong.value.status, wrong.value.code) == (400, "INVALID_JSON")


def test_a_wide_body_is_not_a_deep_one() -> None:
    assert len(decoded(b"[" + b",".join([b"[]"] * 1_000) + b"]")) == 1_000
