"""A whole house: store, workers and a gateway on a port, with two organizations that know nothing of each other."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import dramatiq
import uvicorn
from sqlalchemy import Engine

import workers.administration
import workers.admission
import workers.people
import workers.selection  # noqa: F401 (all for their handlers)
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
from store.database import AWAY
from store.ledger import Postgres
from store.roles import GATEWAY, SCHEDULER, WORKER
from tests.support.database import PARTITIONS, TestDatabase, fresh_database
from tests.support.desk import Desk, Founded, fresh_key, imprint
from tests.support.resident import Resident
from tests.support.servers import wait_until
from tests.support.works import works_on
from workers.drain import Drain
from workers.firing import Firing
from workers.replies import RedisReplies
from workers.signing import KeyRing

KEK = bytes(range(32))
ISSUER = "http://consumer.localhost"
NOBODY = "019a0000-0000-7000-8000-000000000000"
Json = Any


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
        with _timing(database, bell):
            yield
    finally:
        worker.stop()
        bell.stop()
        broker.close()
        _dispose(engine)


@contextmanager
def _timing(database: TestDatabase, bell: Bell) -> Iterator[None]:
    """A scheduler's timers, in this process."""
    over, engine = threading.Event(), database.engine(SCHEDULER, pool=1)
    fire = Firing(engine, PARTITIONS, bell.ring)

    def until_over() -> None:
        while not over.is_set():
            try:
                over.wait(fire())
            except AWAY:
                over.wait(0.1)

    thread = threading.Thread(target=until_over)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
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
