"""Public relays are asked for a round, and believed nothing."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from domain.fairness.quicknet import CHAIN_HASH
from runtime.relays import MOST_BYTES, Beacon, Silence, ask, fetch
from runtime.settings import Settings
from tests.support.relay import Answer, Relay, dribbles, hangs, relaying, says, sends
from tests.support.rounds import RANDOMNESS, ROUNDS, signature

OLDER = f"/{CHAIN_HASH}/public/42"
NEWER = f"/v2/chains/{CHAIN_HASH}/rounds/42"
TRUTH = Beacon(42, bytes.fromhex(RANDOMNESS[42]), signature(42))
PATIENCE = 10.0
SOON = 0.3


def told(round_number: int = 42, **other: Any) -> bytes:
    """A relay's body for a round."""
    return json.dumps({"round": round_number, "signature": ROUNDS[round_number], **other}).encode()


GOOD = says(200, told(randomness=RANDOMNESS[42]))


@pytest.fixture
def relays() -> Iterator[list[Relay]]:
    """Three relays that know nothing yet."""
    with ExitStack() as stack:
        yield [stack.enter_context(relaying()) for _ in range(3)]


def reason(answer: Answer, seconds: float = PATIENCE) -> str:
    """What is said of a relay that answers so; its name left out."""
    with relaying(answer) as relay:
        outcome = fetch(42, [relay.url], seconds)
    assert isinstance(outcome, Silence)
    (sentence,) = outcome.reasons
    assert sentence.startswith(f"127.0.0.1:{relay.port} ")
    return sentence.partition(" ")[2]


def test_a_relay_gives_the_round(relays: list[Relay]) -> None:
    relays[0].answers[OLDER] = GOOD
    assert fetch(42, [relays[0].url], PATIENCE) == TRUTH
    assert relays[0].asked == [OLDER]


def test_a_relay_that_knows_the_newer_form_alone_gives_it_too(relays: list[Relay]) -> None:
    relays[0].answers[NEWER] = says(200, told())
    assert fetch(42, [relays[0].url + "/"], PATIENCE) == TRUTH
    assert relays[0].asked == [OLDER, NEWER]


@pytest.mark.parametrize("bad", [says(500), says(200, told(43)), sends(b"\0\1\2"), hangs, dribbles])
def test_one_good_relay_is_enough(relays: list[Relay], bad: Answer) -> None:
    relays[0].otherwise = relays[1].otherwise = bad
    relays[2].answers[OLDER] = GOOD
    assert fetch(42, [relay.url for relay in relays], PATIENCE) == TRUTH


def test_what_a_relay_says_beside_the_signature_counts_for_nothing(relays: list[Relay]) -> None:
    relays[0].answers[OLDER] = says(200, told(round=7, randomness="00" * 32))
    assert fetch(42, [relays[0].url], PATIENCE) == TRUTH


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (says(404), "has no round 42 of this chain, or not yet"),
        (says(425, b"Requested future beacon"), "says that round 42 is not due yet"),
        (says(503), "answered 503"),
        (says(200, told(43)), "gave a signature that is not the chain's for round 42"),
        (says(200, told(signature="00" * 48)), "gave a signature that is not the chain's for round 42"),
        (says(200, told(signature="")), "gave a signature that is not the chain's for round 42"),
        (says(200, told(signature="zz")), "answered something that holds no signature"),
        (says(200, told(signature=42)), "answered something that holds no signature"),
        (says(200, b'{"round":42}'), "answered something that holds no signature"),
        (says(200, b"[42]"), "answered something that holds no signature"),
        (says(200, b"\xff\xfe garbage"), "answered something that holds no signature"),
        (says(200), "answered something that holds no signature"),
        (says(200, b"[" * MOST_BYTES), "answered something that holds no signature"),
        (says(200, told(more=" " * MOST_BYTES)), f"answered with more than {MOST_BYTES} bytes"),
    ],
)
def test_a_relay_that_is_of_no_use_is_described_in_a_sentence(answer: Answer, sentence: str) -> None:
    assert reason(answer) == sentence


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"SSH-2.0-OpenSSH_9.9\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 300\r\n\r\n" + told(),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000,
    ],
    ids=["nothing", "another protocol", "cut off", "no chunk", "endless headers"],
)  # fmt: skip
def test_what_is_not_http_is_said_to_be_so(raw: bytes) -> None:
    assert reason(sends(raw)) == "broke off, or does not speak HTTP"


def test_who_does_not_speak_tls_is_said_to_be_nobody(relays: list[Relay]) -> None:
    outcome = fetch(42, [f"https://127.0.0.1:{relays[0].port}"], PATIENCE)
    assert outcome == Silence((f"127.0.0.1:{relays[0].port} did not show with TLS that it is itself",))


def test_a_redirection_is_not_followed(relays: list[Relay]) -> None:
    relays[1].otherwise = GOOD
    assert reason(says(302, Location=f"{relays[1].url}{OLDER}")) == "answered 302"
    assert relays[1].asked == []


@pytest.mark.parametrize("slow", [hangs, dribbles])
def test_nobody_is_waited_for_longer_than_was_said(slow: Answer) -> None:
    began = time.monotonic()
    assert reason(slow, SOON) == f"did not answer within {SOON} s"
    assert time.monotonic() - began < PATIENCE


def test_a_name_that_is_looked_up_for_ever_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    go = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: go.wait(60) and [])
    began = time.monotonic()
    outcome = fetch(42, ["https://beacon.test"], SOON)
    took = time.monotonic() - began
    go.set()
    assert outcome == Silence((f"beacon.test did not answer within {SOON} s",))
    assert took < PATIENCE


def test_who_is_not_there_is_named_without_passwords() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    outcome = fetch(42, [f"http://someone:hunter2@127.0.0.1:{port}/hunter2"], PATIENCE)
    assert outcome == Silence((f"127.0.0.1:{port} cannot be reached",))


def test_a_name_that_nobody_has_is_said_to_be_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert fetch(42, ["https://beacon.test"], PATIENCE) == Silence(("beacon.test is no name that is known",))


@pytest.mark.parametrize(
    "nowhere",
    ["", "beacon", "ftp://beacon.test", "http://", "http://[", "https://beacon.test:port", f"https://{'b' * 64}.test"],
)
def test_what_is_no_address_is_said_to_be_none(nowhere: str) -> None:
    outcome = fetch(42, [nowhere], PATIENCE)
    assert isinstance(outcome, Silence)
    assert outcome.reasons[0].endswith("is no address of a relay")


def test_each_relay_has_its_sentence_and_is_asked_once(relays: list[Relay]) -> None:
    relays[0].otherwise, relays[1].otherwise = says(425), says(500)
    outcome = fetch(42, [relay.url for relay in (*relays, *relays)], PATIENCE)
    assert isinstance(outcome, Silence)
    assert len(outcome.reasons) == 3
    assert [len(relay.asked) for relay in relays] == [1, 1, 2]


def test_where_there_is_no_relay_there_is_silence() -> None:
    assert fetch(42, [], PATIENCE) == Silence(())


async def test_whoever_runs_an_event_loop_asks_in_it(relays: list[Relay]) -> None:
    relays[0].answers[OLDER] = GOOD
    relays[1].otherwise = hangs
    before = asyncio.all_tasks()
    assert await ask(42, [relay.url for relay in relays], PATIENCE) == TRUTH
    assert asyncio.all_tasks() == before


def test_the_relays_are_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BEACON_URLS", raising=False)
    assert all(relay.startswith("https://") for relay in Settings().relays)
    monkeypatch.setenv("BEACON_URLS", " https://one.test, https://two.test/base ,")
    assert Settings().relays == ("https://one.test", "https://two.test/base")
