"""The load generator against a server of a few lines."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bench.apart import run_apart
from bench.load import run, run_plan
from bench.plan import Plan, read_plan, write_plan

HOST = "127.0.0.1"
ANSWER = b"HTTP/1.1 201 Created\r\ncontent-length: 5\r\n\r\nhello"

Respond = Callable[[socket.socket, bytes], bool]


def requests(count: int) -> list[bytes]:
    return [b"GET /%d HTTP/1.1\r\nHost: h\r\n\r\n" % number for number in range(count)]


@contextmanager
def serving(respond: Respond) -> Iterator[int]:
    """A server that calls `respond` for every request; False closes the connection."""

    def talk(connection: socket.socket) -> None:
        with connection:
            while (request := connection.recv(65536)) and respond(connection, request):
                pass

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=talk, args=(connection,), daemon=True).start()

    with socket.create_server((HOST, 0)) as listener:
        threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def test_every_request_is_sent_once_and_every_answer_counted() -> None:
    seen: list[bytes] = []

    def respond(connection: socket.socket, request: bytes) -> bool:
        seen.append(request)
        connection.sendall(ANSWER)
        return True

    with serving(respond) as port:
        result = run(HOST, port, requests(200), connections=4)
    assert sorted(seen) == sorted(requests(200))
    assert result.statuses == {201: 200}
    assert (result.count, result.succeeded, result.errors) == (200, 200, {})
    assert 0 < result.p50 <= result.p99 <= result.max


def test_an_answer_in_pieces_is_one_answer() -> None:
    bodies: list[tuple[int, bytes]] = []

    def respond(connection: socket.socket, _: bytes) -> bool:
        for byte in ANSWER:
            connection.sendall(bytes([byte]))
        return True

    with serving(respond) as port:
        result = run_plan(Plan(HOST, port, 1), requests(3), lambda status, body: bodies.append((status, body)))
    assert result.count == 3
    assert bodies == [(201, b"hello")] * 3


def test_a_connection_that_dies_is_counted_and_replaced() -> None:
    turn = iter(range(100))

    def respond(connection: socket.socket, _: bytes) -> bool:
        if next(turn) == 1:
            return False
        connection.sendall(ANSWER)
        return True

    with serving(respond) as port:
        result = run(HOST, port, requests(5), connections=1)
    assert (result.count, result.broken, result.errors) == (4, 1, {0: 1})


def test_a_paced_run_keeps_its_rate() -> None:
    def respond(connection: socket.socket, _: bytes) -> bool:
        connection.sendall(ANSWER)
        return True

    with serving(respond) as port:
        result = run_plan(Plan(HOST, port, 2, rate=200.0), requests(60))
    assert result.count == 60
    assert result.rate < 260


def test_a_process_of_its_own_finds_the_same() -> None:
    def respond(connection: socket.socket, _: bytes) -> bool:
        connection.sendall(ANSWER)
        return True

    with serving(respond) as port:
        result = run_apart(Plan(HOST, port, 2, count=50, repeat=True), requests(7))
    assert result.count == 50
    assert result.statuses == {201: 50}


def test_kept_answers_tell_when_they_were_due_on_the_walls_clock() -> None:
    def respond(connection: socket.socket, _: bytes) -> bool:
        connection.sendall(ANSWER)
        return True

    before = time.time()
    with serving(respond) as port:
        result = run_apart(Plan(HOST, port, 2, rate=200.0, keep=True), requests(20))
    dues = sorted(due for due, _, _ in result.samples)
    assert (result.answered, len(dues)) == (20, 20)
    assert before - 1 < dues[0] < dues[-1] < time.time() + 1
    assert dues[-1] - dues[0] == pytest.approx(19 / 200, abs=0.01)
    assert max(took for _, took, _ in result.samples) == result.max


def test_a_refusal_that_does_not_say_when_to_come_again_is_counted() -> None:
    said = [b"", b"Retry-After: 1\r\n", b"", b"retry-after: 2\r\n"]

    def respond(connection: socket.socket, request: bytes) -> bool:
        number = int(request[5:6])
        status = b"503 Service Unavailable" if number else b"200 OK"
        connection.sendall(b"HTTP/1.1 %b\r\n%bcontent-length: 5\r\n\r\nhello" % (status, said[number]))
        return True

    with serving(respond) as port:
        result = run(HOST, port, requests(4), connections=1)
    assert (result.statuses, result.bare) == ({200: 1, 503: 3}, 1)


def test_nobody_is_late_because_others_still_connect() -> None:
    def respond(connection: socket.socket, _: bytes) -> bool:
        connection.sendall(ANSWER)
        return True

    with serving(respond) as port:
        before = time.time()
        result = run_plan(Plan(HOST, port, 50, rate=1_000.0, keep=True), requests(100))
    assert min(due for due, _, _ in result.samples) > before
    assert max(took for _, took, _ in result.samples) < 10_000


def test_nobody_listening_is_an_error() -> None:
    with socket.create_server((HOST, 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(OSError, match="refused"):
        run(HOST, port, requests(1))


def test_a_plan_file_gives_back_what_was_written(tmp_path: Path) -> None:
    plan = Plan(HOST, 80, 3, duration=1.5)
    write_plan(tmp_path / "plan", plan, requests(4))
    found, sent = read_plan(tmp_path / "plan")
    assert found == plan
    assert list(sent) == requests(4)
