"""Signing keys are rotated, and one is withdrawn, while people come, look and buy: no good token is refused meanwhile.

A day's notice is a second here, and key lists are looked at again after a fifth of one instead of ten seconds.
"""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

import workers.signing
from api_gateway.auth import signers
from runtime.keys import new_key
from store import signing_keys
from tests.support.forgeries import decoded, strangers_key
from tests.support.house import KEK, House, open_house
from tests.support.servers import running_redis, wait_until

CALLERS, ROTATIONS = 4, 5
GATE = "/consumer/api/v1/queues/{}/status"


@pytest.fixture
def quick(postgres_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """A house in which a day's notice is a second."""
    monkeypatch.setattr(signing_keys, "NOTICE", timedelta(seconds=1))
    monkeypatch.setattr(signers, "FRESH_SECONDS", 0.2)
    monkeypatch.setattr(workers.signing, "FRESH_SECONDS", 0.2)
    with running_redis() as redis, open_house(postgres_server, redis.url) as house:
        yield house


@dataclass
class Load:
    """People who come and look without a pause, each with every token that was ever given to them.

    `refused` are good tokens that were not let in, `let_in` counts the answers by the key that signed.
    """

    house: House
    queue: Any
    withdrawn: set[str] = field(default_factory=set)
    refused: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    let_in: Counter[str] = field(default_factory=Counter)
    over: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def going_on(self) -> Iterator["Load"]:
        """The load, for the length of a block."""
        threads = [threading.Thread(target=self._kept, args=(one,)) for one in [self._calls] * CALLERS + [self._sprays]]
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            self.over.set()
            for thread in threads:
                thread.join()

    def kids(self) -> set[str]:
        """The keys whose tokens were let in."""
        return set(self.let_in)

    def _kept(self, act: Any) -> None:
        try:
            act()
        except Exception as failure:
            self.broken.append(repr(failure))
            raise

    def _calls(self) -> None:
        """Come again and again, and look with the latest three tokens, and with one of each key."""
        latest: list[str] = []
        of_key: dict[str, str] = {}
        while not self.over.is_set():
            latest = [*latest[-2:], self.house.hall.entered(self.queue)["accessToken"]]
            of_key.setdefault(kid_of(latest[-1]), latest[-1])
            for token in {*latest, *of_key.values()}:
                self._looks(token)

    def _looks(self, token: str) -> None:
        doubtful = kid_of(token) in self.withdrawn
        answer = look(self.house, self.queue, token)
        if answer.status_code == 200:
            self.let_in[kid_of(token)] += 1
        elif not doubtful and kid_of(token) not in self.withdrawn:
            self.refused.append(answer.text)

    def _sprays(self) -> None:
        """Somebody tries keys that nobody has, so that the list is asked for all the time."""
        claims = {"iss": "http://consumer.localhost", "aud": "consumer", "sub": str(uuid4())}
        signer = strangers_key()
        while not self.over.wait(0.005):
            assert look(self.house, self.queue, signer.sign("at+jwt", claims)).status_code == 401
            signer = strangers_key(str(uuid4()))


def kid_of(token: str) -> str:
    """The key that a token says has signed it."""
    return str(decoded(token.partition(".")[0])["kid"])


def look(house: House, queue: Any, token: str) -> Any:
    """Somebody looks at their place."""
    return house.hall.call("GET", GATE.format(queue["id"]), None, house.hall.as_person(token))


def rotate(house: House, purpose: str) -> str:
    """Make the next key, and return its id once it signs."""
    engine = house.database.engine()
    with engine.begin() as connection:
        kid = signing_keys.rotate(connection, purpose, new_key(KEK)).kid

    def signs() -> bool:
        with engine.connect() as connection:
            return kid in {one.kid for one in signing_keys.signing(connection)}

    wait_until(signs)
    engine.dispose()
    return kid


def withdraw(house: House, kid: str) -> None:
    """Strike a key."""
    engine = house.database.engine()
    with engine.begin() as connection:
        assert signing_keys.withdraw(connection, kid, new_key(KEK))
    engine.dispose()


def test_no_good_token_is_refused_while_keys_are_rotated_and_none_of_a_withdrawn_key_is_let_in(quick: House) -> None:
    queue = quick.hall.queue(admitRate=1)
    with Load(quick, queue).going_on() as load:
        for _ in range(ROTATIONS):
            kid = rotate(quick, "access")
            wait_until(lambda kid=kid: kid in load.kids())  # type: ignore[misc] # bound now
        last = kid
        held = next(iter(tokens_of(quick, queue, last)))
        load.withdrawn.add(last)
        withdraw(quick, last)
        wait_until(lambda: look(quick, queue, held).status_code == 401)
        wait_until(lambda: kid_of(quick.hall.guest()["accessToken"]) != last)
        stopped = load.let_in[last]
        wait_until(lambda: len(load.kids()) == ROTATIONS + 2)
        assert load.let_in[last] == stopped
    assert (load.refused, load.broken) == ([], [])
    assert sum(load.let_in.values()) > 200


def tokens_of(house: House, queue: Any, kid: str) -> Iterator[str]:
    """Tokens that this key has signed and that are good."""
    while kid_of(token := house.hall.entered(queue)["accessToken"]) != kid:
        continue
    assert look(house, queue, token).status_code == 200
    yield token


def test_grants_outlive_the_key_that_signed_them_unless_it_is_withdrawn(quick: House) -> None:
    hall, queue = quick.hall, quick.hall.queue()
    tokens = {}
    for _ in range(3):
        token = hall.granted(queue)["admissionGrant"]
        tokens[kid_of(token)] = token
        kid = rotate(quick, "grant")
        wait_until(lambda kid=kid: kid_of(hall.granted(queue)["admissionGrant"]) == kid)  # type: ignore[misc] # bound now
    assert len(tokens) == 3

    def valid(token: str) -> bool:
        return bool(hall.admin("POST", "/admission/validate", {"admissionGrant": token}).json()["valid"])

    assert [valid(token) for token in tokens.values()] == [True] * 3
    first, *others = tokens
    withdraw(quick, first)
    wait_until(lambda: not valid(tokens[first]))
    assert [valid(tokens[kid]) for kid in others] == [True] * 2
