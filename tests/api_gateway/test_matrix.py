"""Two organizations, both modes, every place of both APIs where an id can be said, every sort of credential.

Whoever asks, and with whatever: a thing of another organization or of the other mode is answered exactly as a thing that
nobody has, and nothing of the other's rows is changed by it. The places come from the documents of the APIs.
"""

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
import requests
from psycopg import sql

from tests.support.forgeries import signing_key, strangers_key
from tests.support.house import ISSUER, House, open_house
from tests.support.matrix import BASES, Place, places
from tests.support.resident import Resident, strong_key
from tests.support.servers import running_redis
from tests.support.walls import WALLED

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")
WORD = "Velvet-Lantern-7391"
Things = Mapping[str, str]
Headers = Mapping[str, str]


@dataclass(frozen=True)
class Stage:
    """Who asks, with what, about whose things."""

    house: House
    own: Things
    theirs: Mapping[str, Things]
    credentials: Mapping[str, Headers]
    tenants: tuple[UUID, ...]
    calling: requests.Session

    def told_of(self, things: Things, text: str) -> list[str]:
        """What a text tells of somebody's things."""
        return [one for one in (WORD, *set(things.values()) - set(self.own.values())) if one in text]


@pytest.fixture(scope="module")
def stage(postgres_server: str) -> Iterator[Stage]:
    """The barn asks; the hall, and the barn in test mode, have things. A house of its own, so that nothing else changes it."""
    with running_redis() as redis, open_house(postgres_server, redis.url) as house, requests.Session() as calling:
        barn, tested = house.barn, in_test_mode(house.barn)
        own, hall = belongings(barn, "Barn"), belongings(house.hall, WORD)
        theirs = {"another organization": hall, "the other mode": belongings(tested, WORD)}
        tenants = (house.hall.made.live, house.hall.made.test, barn.made.test)
        yield Stage(house, own, theirs, credentials_of(house, own, hall), tenants, calling)


def in_test_mode(resident: Resident) -> Resident:
    """The same organization with the keys of its test mode."""
    return replace(resident, secret=resident.test_secret, publishable=resident.test_publishable)


def belongings(resident: Resident, word: str) -> dict[str, str]:
    """One of everything, by the names that places give them."""
    experience = resident.experience(name=word)
    queue = resident.queue(experience, name=word)
    guest, draw = resident.granted(queue), resident.draw(under=experience, name=word)
    resident.enter(draw, guest["accessToken"])
    keys = resident.admin("GET", "/organizations/current/keys").json()["data"]
    later = resident.admin("PATCH", f"/queues/{queue['id']}", {"name": word}, Prefer="respond-async").json()
    return {
        "experience_id": experience["id"], "experience": experience["slug"], "queue_id": queue["id"],
        "distribution_id": queue["id"], "draw_id": draw["id"],
        "replaces_draw_id": draw["id"], "sequence_id": experience["sequences"][0]["id"], "key_id": keys[0]["id"],
        "consumer_id": guest["consumerId"], "organization_id": queue["organizationId"], "operation_id": later["id"],
        "grant": guest["admissionGrant"], "refresh_token": guest["refreshToken"], "token": guest["accessToken"],
    }  # fmt: skip


def credentials_of(house: House, own: Things, hall: Things) -> dict[str, Headers]:
    """Every sort of credential that the barn may try, right and wrong."""
    barn, key, now = house.barn, signing_key(house, "access"), int(time.time())
    claims: dict[str, Any] = {
        "iss": ISSUER, "aud": "consumer", "sub": own["consumer_id"], "sid": str(uuid4()), "mode": "live", "isGuest": True,
        "organizationId": own["organization_id"], "iat": now - 7_200, "exp": now - 3_600,
    }  # fmt: skip
    forged = strangers_key(key.kid).sign("at+jwt", claims | {"exp": now + 60})
    return {
        "nothing": {}, "a publishable key": barn.as_visitor, "a secret key": barn.as_server,
        "a token": barn.as_person(own["token"]), "a token of the other organization": barn.as_person(hall["token"]),
        "the other's publishable key and a token": house.hall.as_person(own["token"]),
        "an expired token": barn.as_person(key.sign("at+jwt", claims)), "a forged token": barn.as_person(forged),
        "the other's publishable key and a secret key": house.hall.as_visitor | barn.as_server,
    }  # fmt: skip


OPENS = {
    "a publishable key": {"publishableKey"}, "a secret key": {"secretKey"}, "a token": {"publishableKey", "accessToken"},
    "the other's publishable key and a secret key": {"secretKey"},
}  # fmt: skip
"""What a credential is in the words of the documents; all others open nothing."""


SERVERS = (frozenset({"secretKey"}),)


def rows(house: House, tenants: tuple[UUID, ...]) -> dict[str, str]:
    """A digest of everything that these tenants have, by table."""
    digests = {}
    with psycopg.connect(house.database.owner) as connection:
        for table in (*WALLED, "timer", "dead_command"):
            statement = sql.SQL(
                "SELECT count(*) || md5(coalesce(string_agg(t::text, ' ' ORDER BY t::text), '')) FROM {} t "
                "WHERE tenant_id = ANY(%s)"
            )
            found = connection.execute(statement.format(sql.Identifier(table)), (list(tenants),)).fetchone()
            digests[table] = found[0] if found else ""
    return digests


class Matrix:
    """Asks about a place and compares."""

    def __init__(self, stage: Stage, place: Place, who: str) -> None:
        self.stage, self.place, self.who = stage, place, who
        self.asked = 0

    def ask(self, wanted: str, headers: Headers | None = None) -> tuple[int, str, frozenset[str]]:
        """The answer about a thing: status, body without what differs from call to call, and which headers it has."""
        path, body, query = self.place.about(self.stage.own, wanted)
        sent = {**(self.stage.credentials[self.who] if headers is None else headers), "Idempotency-Key": strong_key()}
        self.asked += 1
        with self.stage.calling.request(
            self.place.method,
            self.stage.house.url + path,
            json=body,
            params=query,
            headers=sent,
            timeout=20,
            stream=True,
        ) as answer:
            told = (
                answer.content.decode() if "event-stream" not in answer.headers.get("Content-Type", "") else "a stream"
            )
            request = answer.headers.get("X-Request-Id", "none")
            text = MOMENT.sub("then", told.replace(request, "request").replace(wanted, "it"))
            return answer.status_code, text, frozenset(answer.headers) - {"date"}

    def faults(self) -> Iterator[str]:
        """What is wrong at this place for this credential."""
        nobodys = self.ask(self.nobodys())
        if nobodys[0] not in self.expected():
            yield f"nobody's: {nobodys[:2]}"
        for whose, things in self.stage.theirs.items():
            wanted = things[self.place.thing]
            if wanted == self.stage.own[self.place.thing]:
                continue  # because an organization is one in both modes
            found = self.ask(wanted)
            if found != nobodys:
                yield f"{whose}: {found[:2]} and of nobody {nobodys[:2]}"
            if told := self.stage.told_of(things, found[1]):
                yield f"{whose}: {found[1]} tells {told}"
        malformed = self.ask("no.thing.at-all")
        if malformed[0] >= 500 or (malformed[0] < 400 and malformed != nobodys):
            yield f"malformed: {malformed[:2]}"

    def nobodys(self) -> str:
        """The same sort of thing, of nobody."""
        own = self.stage.own[self.place.thing]
        return f"{own[:-8]}{'A' * 8}" if self.place.name in {"admissionGrant", "refreshToken"} else str(uuid4())

    def expected(self) -> set[int]:
        """How what nobody has may be answered."""
        if not self.place.opens_for(frozenset(OPENS.get(self.who, ()))):
            return {401, 403}
        if self.place.where == "path":
            return {404}
        return {200, 400, 401, 404, 409}


@pytest.mark.timeout(240)
def test_what_is_not_the_askers_is_nobodys_everywhere_for_every_credential(stage: Stage) -> None:
    before, wrong, asked = rows(stage.house, stage.tenants), {}, 0
    for place in places(stage.house.url):
        for who in stage.credentials:
            matrix = Matrix(stage, place, who)
            if faults := list(matrix.faults()):
                wrong[f"{place} with {who}"] = faults
            asked += matrix.asked
    assert wrong == {}, "\n".join(f"{place}: {fault}" for place, faults in wrong.items() for fault in faults)
    assert asked > 1_000
    assert rows(stage.house, stage.tenants) == before


def test_what_names_nothing_tells_nothing_of_another(stage: Stage) -> None:
    told = {}
    for base in BASES:
        document = requests.get(f"{stage.house.url}{base}/openapi.json", timeout=10).json()
        for path in (path for path, methods in document["paths"].items() if "get" in methods and "{" not in path):
            for who, headers in stage.credentials.items():
                answer = stage.calling.get(stage.house.url + base + path, headers=dict(headers), timeout=20)
                for things in stage.theirs.values():
                    if found := stage.told_of(things, answer.text):
                        told[f"GET {base}{path} with {who}"] = found
    assert told == {}


def test_the_matrix_would_see_what_is_shown(stage: Stage) -> None:
    """Whoever may see a thing is told apart from whoever asks for nothing, at every route that shows one by its id."""
    hall = replace(stage, credentials={"a secret key": stage.house.hall.as_server})
    shown = [
        one for one in places(stage.house.url) if (one.method, one.where) == ("GET", "path") and one.security == SERVERS
    ]
    named = [one for one in shown if one.path.count("{") == 1 and one.path.startswith("/admin")]
    assert len(named) > 5
    for place in named:
        assert any(fault.startswith("another organization") for fault in Matrix(hall, place, "a secret key").faults())


def test_a_row_that_was_changed_would_be_seen(stage: Stage) -> None:
    before = rows(stage.house, stage.tenants)
    changed = stage.house.hall.admin(
        "PATCH", f"/queues/{stage.theirs['another organization']['queue_id']}", {"name": "Ours"}
    )
    assert changed.status_code == 200
    assert {name for name, digest in rows(stage.house, stage.tenants).items() if digest != before[name]} >= {
        "queue",
        "journal",
    }
