"""Whose a request is, as the door knows it: by keys that were found within minutes, however little they are used."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from psycopg_pool import AsyncConnectionPool

from api_gateway.auth import Keys
from api_gateway.auth import keys as of_keys
from api_gateway.limits import in_hand
from api_gateway.limits.in_hand import LoadShedder, Place, Refusal
from runtime.clock import Clock
from store.roles import GATEWAY
from tests.support.house import House

MINUTE = 60.0
TICKETS = "/consumer/api/v1/consumers/me/stream-tickets"


class HeldClock(Clock):
    """A clock whose seconds a test moves."""

    held = 1_000.0

    def monotonic(self) -> float:
        """The second it stands at."""
        return self.held


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock()


@pytest.fixture
async def keys(house: House, clock: HeldClock) -> AsyncIterator[Keys]:
    """The keys of a gateway of this house."""
    async with AsyncConnectionPool(house.database.url(GATEWAY), min_size=1, open=False) as pool:
        yield Keys(pool, clock)


def door(keys: Keys, clock: Clock, most: int = 16) -> LoadShedder:
    return LoadShedder(keys, clock, most, "http://here", lambda _, __: [], lambda _: False)


def made_up(number: int) -> str:
    """A key of the right form that is nobody's."""
    return f"dr_pk_live_{number:032d}"


def write(key: str) -> dict[str, Any]:
    """A visitor's write."""
    return {"method": "POST", "path": "/", "query_string": b"", "headers": [(b"x-publishable-key", key.encode())]}


def listens(query: str = "", **headers: str) -> dict[str, Any]:
    """An event source."""
    sent = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {"method": "GET", "path": "/events", "query_string": query.encode(), "headers": sent}


def presses(door: LoadShedder, scope: Any, most: int = 1_000) -> list[Place]:
    """The places that whoever asks without end gets."""
    return [place for place in (door.admit(scope) for _ in range(most)) if isinstance(place, Place)]


async def test_an_organization_that_comes_once_a_minute_has_a_part_of_its_own(
    house: House, keys: Keys, clock: HeldClock
) -> None:
    await keys.find(house.hall.publishable)
    clock.held += MINUTE
    shedder = door(keys, clock)
    assert presses(shedder, write(made_up(1)))
    assert isinstance(shedder.admit(write(made_up(2))), Refusal)
    assert isinstance(shedder.admit(write(house.hall.publishable)), Place)


async def test_whoever_was_away_for_long_is_a_stranger_until_its_key_is_found_again(
    house: House, keys: Keys, clock: HeldClock
) -> None:
    await keys.find(house.hall.secret)
    assert keys.owner(house.hall.secret) is not None
    clock.held += of_keys.OWNED_SECONDS
    assert keys.owner(house.hall.secret) is None
    await keys.find(house.hall.secret)
    assert keys.owner(house.hall.secret) is not None


async def test_keys_that_are_made_up_are_nobodys_and_push_nobody_out(
    house: House, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(of_keys, "KEPT", 3)
    await keys.find(house.hall.publishable)
    for number in range(5):
        await keys.find(made_up(number))
    assert [keys.owner(key) for key in (made_up(4), "nonsense", "")] == [None] * 3
    found = keys.owner(house.hall.publishable)
    assert found is not None
    assert found.slug == "harbour-hall"


async def test_browsers_that_listen_are_counted_with_their_organization(
    house: House, keys: Keys, clock: HeldClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(in_hand, "LISTENERS", 16)
    guest = house.hall.guest()
    asked = house.hall.call("POST", TICKETS, None, house.hall.as_person(guest["accessToken"]))
    ticket, found = asked.json()["ticket"], await keys.find(house.hall.publishable)
    assert found is not None
    shedder = door(keys, clock)
    presses(shedder, listens(f"publishableKey={made_up(1)}"))
    for unknown in (listens(), listens("ticket=tkt_nonsense"), listens(f"ticket={ticket[:-4]}")):
        assert isinstance(shedder.admit(unknown), Refusal)
    own = f"publishableKey={house.hall.publishable}"
    for known in (listens(own), listens(f"ticket={ticket}"), listens(x_publishable_key=house.hall.publishable)):
        place = shedder.admit(known)
        assert isinstance(place, Place)
        assert place.owner == found.organization_id


@pytest.mark.parametrize("query", ["sinceVersion=4", "a=b&sinceVersion=4", "since%56ersion=4", "%73inceVersion%3D4"])
async def test_a_look_that_waits_is_counted_however_its_query_is_written(
    keys: Keys, clock: HeldClock, monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    monkeypatch.setattr(in_hand, "LISTENERS", 16)
    shedder, look = door(keys, clock), listens(query) | {"path": "/consumers/me"}
    assert 0 < len(presses(shedder, look)) < 16
    assert shedder.admit(look | {"query_string": b"since=4"}) is None


async def test_a_server_is_known_however_it_writes_bearer(house: House, keys: Keys, clock: HeldClock) -> None:
    found = await keys.find(house.hall.secret)
    assert found is not None
    sent = [(b"authorization", b"bearer " + house.hall.secret.encode())]
    place = door(keys, clock).admit({"method": "POST", "path": "/", "query_string": b"", "headers": sent})
    assert isinstance(place, Place)
    assert (place.owner, place.kind) == (found.organization_id, "secret")
