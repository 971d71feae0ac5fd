"""A whole house: store, workers and a gateway on a port, with two organizations that know nothing of each other."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import dramatiq
import requests
import uvicorn
from sqlalchemy import Engine

import workers.administration
import workers.admission
import workers.people  # noqa: F401 (all for their handlers)
from api_gateway.app import Application
from api_gateway.server import config
from domain.catalogue import TOPICS
from domain.organizations.commands import FirstKey
from domain.organizations.keys import DrawnKey
from domain.organizations.state import KeyKind, Mode
from runtime.bell import Bell, actor_of
from runtime.broker import RedisRinger, redis_client
from runtime.clock import Clock
from runtime.keys import new_key
from runtime.settings import Settings
from store import signing_keys
from store.ledger import Postgres
from store.roles import GATEWAY, WORKER
from tests.support.database import PARTITIONS, TestDatabase, fresh_database
from tests.support.desk import Desk, Founded, fresh_key, imprint
from tests.support.servers import wait_until
from tests.support.works import works_on
from workers.drain import Drain
from workers.replies import RedisReplies
from workers.signing import KeyRing

KEK = bytes(range(32))
ISSUER = "http://consumer.localhost"
NOBODY = "019a0000-0000-7000-8000-000000000000"
Json = Any


@dataclass(frozen=True)
class Resident:
    """An organization with a pair of keys for each mode, and how its servers and visitors call."""

    url: str
    made: Founded
    slug: str
    secret: str
    publishable: str
    test_secret: str
    test_publishable: str
    session: requests.Session = field(default_factory=requests.Session)

    @property
    def as_server(self) -> dict[str, str]:
        """The headers of its server."""
        return {"Authorization": f"Bearer {self.secret}"}

    @property
    def as_visitor(self) -> dict[str, str]:
        """The headers of a stranger on its page."""
        return {"X-Publishable-Key": self.publishable}

    def as_person(self, token: str) -> dict[str, str]:
        """The headers of somebody who is known."""
        return self.as_visitor | {"Authorization": f"Bearer {token}"}

    def admin(self, method: str, path: str, json: Json = None, **headers: str) -> requests.Response:
        """A call of the Admin API with the secret key."""
        return self.call(method, f"/admin/api/v1{path}", json, self.as_server | headers)

    def visit(self, method: str, path: str, json: Json = None, **headers: str) -> requests.Response:
        """A call of the Consumer API with the publishable key."""
        return self.call(method, f"/consumer/api/v1{path}", json, self.as_visitor | headers)

    def call(self, method: str, path: str, json: Json, headers: Mapping[str, str]) -> requests.Response:
        """Any call."""
        return self.session.request(method, self.url + path, json=json, headers=dict(headers), timeout=40)

    def experience(self, **settings: Json) -> Json:
        """A published experience."""
        made = self.admin("POST", "/experiences", {"name": "Harvest"} | settings)
        assert made.status_code == 201, made.text
        published = self.admin("POST", f"/experiences/{made.json()['id']}/publish")
        assert published.status_code == 200, published.text
        return published.json()

    def queue(self, under: Json = None, **settings: Json) -> Json:
        """A queue of a published experience; open at once unless told otherwise."""
        sequence = (under or self.experience())["sequences"][0]["id"]
        body = {"sequenceId": sequence, "name": "Front row", "admitRate": 600_000} | settings
        made = self.admin("POST", "/queues", body)
        assert made.status_code == 201, made.text
        return made.json()

    def entered(self, queue: Json) -> Json:
        """The token set of a stranger who has joined the line."""
        made = self.visit("POST", f"/queues/{queue['id']}/enter", {}, **{"Idempotency-Key": strong_key()})
        assert made.status_code == 200, made.text
        return made.json()

    def state(self, queue: Json, token: str) -> Json:
        """Where somebody stands now."""
        looked = self.call("GET", f"/consumer/api/v1/queues/{queue['id']}/status", None, self.as_person(token))
        assert looked.status_code == 200, looked.text
        return looked.json()

    def granted(self, queue: Json) -> Json:
        """The state of a stranger whose turn has come, with the token set."""
        guest = self.entered(queue)
        wait_until(lambda: "admissionGrant" in self.state(queue, guest["accessToken"]))
        return guest | self.state(queue, guest["accessToken"])

    def guest(self) -> Json:
        """The token set of somebody new."""
        made = self.visit("POST", "/auth/guest")
        assert made.status_code == 201, made.text
        return made.json()


@dataclass(frozen=True)
class House:
    """A running installation and its two residents."""

    url: str
    database: TestDatabase
    hall: Resident
    barn: Resident


@contextmanager
def open_house(postgres: str, redis_url: str, **settings: Any) -> Iterator[House]:
    """A house with everything running, closed at the end."""
    with fresh_database(postgres, "house") as database, _clean(redis_url):
        _make_signing_keys(database)
        with works_on(database, redis_url) as works:
            desk = Desk(works)
            hall, barn = _found(desk, "harbour-hall"), _found(desk, "barn")
        with _working(database, redis_url), _serving(database, redis_url, settings) as url:
            yield House(url, database, _resident(url, "harbour-hall", *hall), _resident(url, "barn", *barn))


def _make_signing_keys(database: TestDatabase) -> None:
    engine = database.engine()
    with engine.begin() as connection:
        for purpose in signing_keys.LONGEST:
            signing_keys.rotate(connection, purpose, new_key(KEK))
    engine.dispose()


def _found(desk: Desk, slug: str) -> tuple[Founded, list[DrawnKey]]:
    wanted = [(kind, mode) for mode in Mode for kind in (KeyKind.SECRET, KeyKind.PUBLISHABLE)]
    keys = [fresh_key(kind, mode) for kind, mode in wanted]
    first = [
        FirstKey(name=f"{mode} {kind}", kind=kind, mode=mode, imprint=imprint(key))
        for (kind, mode), key in zip(wanted, keys, strict=True)
    ]
    off = {"key": None, "consumer": None, "address": None}
    return desk.found(slug, *first, rate_limits=dict.fromkeys(("status", "session", "entry"), off)), keys


def _resident(url: str, slug: str, made: Founded, keys: list[DrawnKey]) -> Resident:
    return Resident(url, made, slug, *(key.text for key in keys))


@contextmanager
def _clean(redis_url: str) -> Iterator[None]:
    client = redis_client(redis_url)
    client.flushall()
    try:
        yield
    finally:
        client.close()


@contextmanager
def _working(database: TestDatabase, redis_url: str) -> Iterator[None]:
    """A worker of every topic in this process."""
    broker, engine = RedisRinger(redis_url), database.engine(WORKER, pool=10)
    client, bell = redis_client(redis_url), Bell(redis_client(redis_url), RedisRinger(redis_url), TOPICS)
    replies = RedisReplies(client, KeyRing(engine, KEK, Clock(), ISSUER))
    drain = Drain(Postgres(engine), PARTITIONS, bell, replies, Clock())
    for topic in TOPICS:
        dramatiq.actor(broker=broker, actor_name=actor_of(topic), queue_name=topic, max_retries=0)(drain.__call__)
    worker = dramatiq.Worker(broker, worker_threads=PARTITIONS * len(TOPICS), worker_timeout=20)
    worker.start()
    try:
        yield
    finally:
        worker.stop()
        bell.stop()
        broker.close()
        _dispose(engine)


def gateway_settings(database: TestDatabase, redis_url: str) -> dict[str, Any]:
    """What a gateway of this house is told."""
    return {
        "database_url": database.url(GATEWAY), "redis_url": redis_url, "gateway_secret": "tests", "public_url": ISSUER,
    }  # fmt: skip


@contextmanager
def _serving(database: TestDatabase, redis_url: str, settings: Mapping[str, Any]) -> Iterator[str]:
    """A gateway in this process, on a free port."""
    application = Application(Settings(**gateway_settings(database, redis_url) | settings))
    server = uvicorn.Server(config(application))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    wait_until(lambda: server.started or not thread.is_alive())
    assert server.started, "the gateway did not start"
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(timeout=15)


def _dispose(engine: Engine) -> None:
    engine.dispose()


def strong_key() -> str:
    """An Idempotency-Key that is as good as a password."""
    return f"{uuid4().hex}{uuid4().hex}"
