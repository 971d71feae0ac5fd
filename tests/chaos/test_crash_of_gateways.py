"""A gateway dies before and after every operation of a call; the caller says the same again at another one.

Whatever was answered is so, and whatever was not is done once: the same call under the same key is the same command.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import psycopg
import pytest
import requests

from domain.catalogue import TOPICS
from runtime.bell import Bell
from runtime.broker import RedisRinger, redis_client
from store.roles import SCHEDULER
from tests.support.crashes import KILLED, Death
from tests.support.dying_gateway import dying_gateway
from tests.support.house import House, Json, gateway_settings, open_house
from tests.support.resident import Resident, strong_key
from tests.support.works import close
from workers.loops import Loop, Loops
from workers.sweeper import Sweeper

NOT_YET = frozenset({202, 503})
LOST = (requests.ConnectionError, requests.Timeout)
HAPPENED = "SELECT count(*) FROM journal, json_array_elements(events) e WHERE aggregate_id = %s AND e->>'type' = "
CONSUMER, ADMIN = "/consumer/api/v1", "/admin/api/v1"


@pytest.fixture(scope="module")
def house(postgres_server: str, redis_server: str) -> Iterator[House]:
    """A running installation that these tests share."""
    with open_house(postgres_server, redis_server) as running, sweeping(running, redis_server):
        yield running


@contextmanager
def sweeping(house: House, redis_url: str) -> Iterator[None]:
    """A scheduler's sweeper: of what a gateway appended and did not ring for before it died, nobody else would know."""
    engine, client, broker = house.database.engine(SCHEDULER, pool=1), redis_client(redis_url), RedisRinger(redis_url)
    bell = Bell(client, broker, TOPICS)
    loops = Loops([Loop("sweeper", Sweeper(engine, bell.ring_now, None))])
    loops.start()
    try:
        yield
    finally:
        loops.stop()
        bell.stop()
        client.close()
        close(broker.client)
        engine.dispose()


@dataclass(frozen=True, slots=True)
class Call:
    """Something that is asked of a gateway, and what the ledger holds of it: `found` counts `effect`, which is 1 in the end."""

    method: str
    path: str
    headers: Mapping[str, str]
    json: Json = None
    effect: str = ""
    named: tuple[object, ...] = ()
    key: str = field(default_factory=strong_key)

    def at(self, url: str) -> requests.Response:
        """Ask a gateway, on a connection of its own."""
        headers = {**self.headers, "Idempotency-Key": self.key, "Connection": "close"}
        return requests.request(self.method, url + self.path, json=self.json, headers=headers, timeout=20)

    def until_answered(self, url: str) -> requests.Response:
        """Ask until there is an answer that is final."""
        for _ in range(5):
            answer = self.at(url)
            if answer.status_code not in NOT_YET or answer.json().get("status") == "SUCCEEDED":
                return answer
        raise AssertionError(f"no answer to {self}")


Make = Callable[[Resident], Call]


def enters(hall: Resident) -> Call:
    """A stranger joins a line."""
    queue = hall.queue()
    effect = "SELECT count(*) FROM queue_entry WHERE queue_id = %s"
    return Call("POST", f"{CONSUMER}/queues/{queue['id']}/enter", hall.as_visitor, {}, effect, (queue["id"],))


def leaves(hall: Resident) -> Call:
    """A person leaves a line."""
    queue = hall.queue(openAt="2199-01-01T00:00:00Z", entryOpenAt="2020-01-01T00:00:00Z")
    person = hall.entered(queue)
    effect = HAPPENED + "'queue.consumer.left'"
    headers = hall.as_person(person["accessToken"])
    return Call("POST", f"{CONSUMER}/queues/{queue['id']}/leave", headers, {}, effect, (queue["id"],))


def completes(hall: Resident) -> Call:
    """A shop uses a grant up."""
    queue = hall.queue()
    grant = hall.granted(queue)["admissionGrant"]
    effect = HAPPENED + "'queue.consumer.completed'"
    body = {"admissionGrant": grant, "orderId": "order-1"}
    return Call("POST", f"{CONSUMER}/queues/{queue['id']}/complete", hall.as_server, body, effect, (queue["id"],))


def refreshes(hall: Resident) -> Call:
    """A person trades the refresh token for the next."""
    guest = hall.guest()
    effect = "SELECT rotations FROM session WHERE id = %s"
    body = {"refreshToken": guest["refreshToken"]}
    return Call("POST", f"{CONSUMER}/auth/refresh", hall.as_visitor, body, effect, (guest["session"]["id"],))


def is_forgotten(hall: Resident) -> Call:
    """A person wants to be forgotten."""
    guest = hall.guest()
    effect = "SELECT count(*) FROM session WHERE consumer_id = %s AND status <> 'ACTIVE'"
    headers = hall.as_person(guest["accessToken"])
    return Call("DELETE", f"{CONSUMER}/consumers/me", headers, None, effect, (guest["session"]["consumerId"],))


def makes_an_experience(hall: Resident) -> Call:
    """An organizer makes an experience."""
    name = strong_key()[:20]
    effect = "SELECT count(*) FROM experience WHERE name = %s"
    return Call("POST", f"{ADMIN}/experiences", hall.as_server, {"name": name}, effect, (name,))


CALLS = (enters, leaves, completes, refreshes, is_forgotten, makes_an_experience)


def value(house: House, statement: str, *named: object) -> Any:
    """The only value of a statement, under the owner."""
    with psycopg.connect(house.database.owner) as connection:
        row = connection.execute(statement.encode(), named).fetchone()
    assert row is not None
    return row[0]


def nothing_was_decided_twice(house: House) -> bool:
    """Whether every command in the journal has one outcome."""
    ids = "SELECT unnest(command_ids) AS id FROM journal"
    return bool(value(house, f"SELECT count(*) = count(DISTINCT id) FROM ({ids}) commands"))  # noqa: S608 (ours)


def told(answer: requests.Response) -> Json:
    """What an answer says for good: tokens are signed anew, and say the same."""
    said = answer.json() if answer.content else {}
    return {
        name: what
        for name, what in said.items()
        if name in {"id", "participationId", "consumerId", "refreshToken", "key"}
    }


def one_death(house: House, settings: Mapping[str, Any], make: Make, death: Death) -> bool:
    """A gateway dies over a call, and the caller goes to another one; whether the first one answered."""
    call = make(house.hall)
    with dying_gateway(settings, death) as dying:
        try:
            first = call.at(dying.url)
        except LOST:
            first = None
            assert dying.status() == KILLED
    again = call.until_answered(house.url)
    assert again.status_code < 300, again.text
    if first is not None:
        assert (first.status_code, told(first)) == (again.status_code, told(again))
    if call.effect:
        assert value(house, call.effect, *call.named) == 1
    return first is not None


@pytest.mark.timeout(300)
@pytest.mark.parametrize("make", CALLS, ids=lambda make: make.__name__.replace("_", " "))
def test_a_gateway_that_dies_anywhere_loses_nothing_and_doubles_nothing(
    house: House, redis_server: str, make: Make
) -> None:
    settings = gateway_settings(house.database, redis_server)
    for step in count(1):
        if one_death(house, settings, make, Death(step)):
            break
    assert step > 5
    assert nothing_was_decided_twice(house)
    assert value(house, "SELECT count(*) FROM dead_command") == 0


@pytest.mark.timeout(300)
def test_a_gateway_that_dies_right_after_any_step_doubles_nothing(house: House, redis_server: str) -> None:
    """Its threads work at once, so that after one operation is not always before the next."""
    settings = gateway_settings(house.database, redis_server)
    for step in count(1):
        if one_death(house, settings, enters, Death(step, before=False)):
            break
    assert step > 5
    assert nothing_was_decided_twice(house)
