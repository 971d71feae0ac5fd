"""Message producers: what they send is decided, once, and they are told what was decided."""

import re
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import redis
from sqlalchemy.exc import SQLAlchemyError

from domain.command import Command, Envelope
from domain.decision import Refused, Reply
from runtime.settings import Settings
from store.roles import GATEWAY
from tests.support.desk import Founded, founding
from tests.support.servers import wait_until
from tests.support.works import Works
from workers.producer import Producer, producer

ROOT = Path(__file__).parents[2]


@pytest.fixture
def door(works: Works) -> Iterator[Producer]:
    """A producer under the gateway's role."""
    settings = Settings(database_url=works.database.url(GATEWAY), redis_url=works.redis_url)
    with producer(settings, "tests") as opened:
        yield opened


def asked_for(door: Producer, slug: str) -> Envelope[Command]:
    """The wish for an organization."""
    made = Founded(uuid4(), uuid4(), uuid4())
    return door.envelope(made.live, founding(made, slug))


def test_what_is_sent_is_decided_and_its_outcome_can_be_read(works: Works, door: Producer) -> None:
    sent = asked_for(door, "pier-nine")
    door.send(sent)
    assert door.outcome(sent, seconds=0) is None
    works.settle()
    outcome = door.outcome(sent)
    assert isinstance(outcome, Reply)
    assert outcome.created
    assert (outcome.body["id"], outcome.body["slug"]) == (str(sent.id), "pier-nine")


def test_a_refusal_is_a_value(works: Works, door: Producer) -> None:
    first, second = asked_for(door, "pier-nine"), asked_for(door, "pier-nine")
    door.send(first, second)
    works.settle()
    outcome = door.outcome(second)
    assert isinstance(outcome, Refused)
    assert (outcome.code, outcome.field) == ("SLUG_TAKEN", "/slug")


def test_the_same_envelope_sent_again_does_nothing_twice(works: Works, door: Producer) -> None:
    sent = asked_for(door, "pier-nine")
    door.send(sent)
    door.send(sent)
    works.settle()
    assert works.value("SELECT count(*) FROM organization WHERE mode = 'live'") == 1
    assert isinstance(door.outcome(sent), Reply)


def test_whoever_drains_is_rung(works: Works, door: Producer) -> None:
    with redis.Redis.from_url(works.redis_url) as client:
        client.flushall()
        door.send(asked_for(door, "pier-nine"))
        wait_until(lambda: client.llen("drumroll:admin") == 1)


def test_a_producer_can_do_nothing_but_append_and_look_up(works: Works) -> None:
    engine = works.database.engine(GATEWAY)
    with engine.connect() as connection, pytest.raises(SQLAlchemyError, match="permission denied"):
        connection.exec_driver_sql("DELETE FROM command_log")
    engine.dispose()


def test_the_example_in_the_documentation_is_a_program() -> None:
    (example,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "producers.md").read_text(), re.DOTALL)
    names: dict[str, object] = {}
    exec(compile(example, "docs/producers.md", "exec"), names)  # noqa: S102 (our own documentation)
    assert callable(names["bar"])
