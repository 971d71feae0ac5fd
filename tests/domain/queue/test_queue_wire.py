"""Settings and commands survive their way through JSON."""

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.catalogue import COMMANDS
from domain.command import Actor, Command, Envelope
from domain.distribution.order import OrderDetails, OrderItem
from domain.queue.config import NewQueue, QueueConfig
from store.wire import arrays, decode, encode
from tests.domain.queue.queues import make_config, moment

ids = st.uuids()
texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)
dates = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001 (hypothesis adds it)
naturals = st.integers(1, 100)


@st.composite
def configs(draw: st.DrawFn) -> QueueConfig:
    """Any settings a queue may have."""
    opens = draw(st.none() | dates.filter(lambda at: at.year < 9990))
    from_open = None if opens is None else draw(st.none() | st.integers(1, 10**6))
    closes = None if opens is None or from_open is None else opens + timedelta(microseconds=from_open)
    members = {
        "name": draw(texts.filter(str.strip)), "open_at": opens, "close_at": closes,
        "entry_open_at": draw(st.sampled_from([None, opens])), "service_close_at": draw(st.sampled_from([None, closes])),
        "time_zone": draw(st.sampled_from([None, "Europe/Vienna", "UTC"])), "supports_guest": draw(st.booleans()),
        "admit_rate": draw(st.integers(1, 600_000)), "batch_interval_seconds": draw(st.integers(1, 300)),
        "admit_burst": draw(st.none() | naturals), "capacity": draw(st.none() | naturals),
        "max_active_grants": draw(st.none() | naturals), "max_admissions": draw(st.none() | naturals),
        "on_expiry": draw(st.sampled_from(["deny", "requeue"])), "requeue_limit": draw(st.integers(1, 10)),
        "idle_timeout_seconds": draw(st.none() | st.integers(60, 86_400)),
        "metadata": draw(st.dictionaries(texts.filter(bool), texts, max_size=3)),
    }  # fmt: skip
    return QueueConfig.model_validate(members)


@given(config=configs())
@settings(max_examples=25, deadline=None)
def test_settings_come_back_from_json_as_they_were(config: QueueConfig) -> None:
    kept = orjson.loads(orjson.dumps(config.model_dump(mode="json", by_alias=True)))
    assert QueueConfig.model_validate(kept) == config


@st.composite
def orders(draw: st.DrawFn) -> OrderDetails:
    """Anything that may be said of an order."""
    item = st.tuples(ids, st.none() | ids, st.integers(1, 1000)).map(
        lambda drawn: OrderItem(product_id=drawn[0], variant_id=drawn[1], quantity=drawn[2])
    )
    return OrderDetails(
        order_amount=draw(st.none() | st.from_regex(r"[0-9]{1,12}(\.[0-9]{1,8})?", fullmatch=True)),
        currency_code=draw(st.sampled_from([None, "EUR", "JPY"])), items=tuple(draw(st.lists(item, max_size=3))),
        metadata=draw(st.dictionaries(texts.filter(bool), texts, max_size=3)),
    )  # fmt: skip


_BUILT: dict[type, st.SearchStrategy[Any]] = {QueueConfig: configs(), datetime: dates, str: texts}


@pytest.mark.parametrize("name", sorted(name for name in COMMANDS if name.startswith("queue.")))
def test_every_command_comes_back_from_the_log_as_it_was(name: str) -> None:
    kind = COMMANDS[name]

    @given(body=st.builds(kind, **_members(kind)), own=ids, actor=ids, keyed=st.none() | texts)
    @settings(max_examples=8, deadline=None)
    def travels(body: Command, own: Any, actor: Any, keyed: str | None) -> None:
        sent = Envelope(own, actor, Actor("consumer", actor), own, body, gateway="a", hops=2, keyed=keyed)
        (array,) = arrays(encode([sent]))
        assert decode(array) == sent

    travels()


def _members(kind: type[Command]) -> dict[str, st.SearchStrategy[Any]]:
    """How the members are drawn that cannot be drawn by their type alone."""
    special: dict[str, st.SearchStrategy[Any]] = {
        "config": configs(), "changes": st.dictionaries(texts, st.none() | st.integers(0, 99) | texts),
        "resume_at": st.none() | dates, "reason": texts, "note": st.none() | texts, "order_id": texts, "order": orders(),
    }  # fmt: skip
    return {name: drawn for name, drawn in special.items() if name in kind.model_fields}


@pytest.mark.parametrize(
    "wrong",
    [
        {"admit_rate": 0}, {"admit_rate": 600_001}, {"admit_rate": 1.5}, {"admit_rate": "60"},
        {"batch_interval_seconds": 0}, {"batch_interval_seconds": 301}, {"admit_burst": 0}, {"admit_burst": 600_001},
        {"capacity": 0}, {"capacity": 100_000_001}, {"max_active_grants": 0}, {"max_admissions": 0},
        {"admission_expiration_seconds": 0}, {"admission_expiration_seconds": 2_592_001},
        {"completion_grace_seconds": -1}, {"completion_grace_seconds": 3601}, {"requeue_limit": 0}, {"requeue_limit": 11},
        {"max_validations": 0}, {"max_validations": 10_001}, {"max_quantity_per_consumer": 1001},
        {"max_completions_per_consumer": 101}, {"idle_timeout_seconds": 59}, {"idle_timeout_seconds": 86_401},
        {"on_expiry": "forget"}, {"position_display_mode": "vague"}, {"name": "  "}, {"name": "x" * 121},
        {"time_zone": "Mars/Olympus"}, {"reserve_inventory": True}, {"loyalty_bias_enabled": True}, {"speed": 3},
        {"open_at": 10, "close_at": 10}, {"open_at": 10, "close_at": 9}, {"open_at": 10, "entry_open_at": 11},
        {"entry_open_at": 10}, {"close_at": 10, "service_close_at": 9}, {"metadata": {"": "x"}}, {"metadata": {"x": 1}},
        {"metadata": {"x": "\x00"}}, {"metadata": {"\x00": "x"}},
        {"open_at": datetime(2026, 1, 1)}, {"open_at": "2026-11-21T17:00:00"},  # noqa: DTZ001 (that it is naive is the point)
    ],
)  # fmt: skip
def test_settings_out_of_range_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        make_config(**wrong)


def test_settings_at_the_edge_of_their_range_are_taken() -> None:
    config = make_config(
        admit_rate=600_000, batch_interval_seconds=300, admit_burst=600_000, capacity=100_000_000,
        idle_timeout_seconds=60, open_at=10, entry_open_at=10, close_at=11, service_close_at=11, name=" é " + "x" * 117,
    )  # fmt: skip
    assert config.name.startswith("é")
    assert config.entries_from == moment(10)


def test_a_date_with_an_offset_is_kept_in_utc() -> None:
    config = QueueConfig.model_validate({"name": "x", "admitRate": 1, "openAt": "2026-11-21T13:00:00.25+01:00"})
    assert config.open_at == moment(0)
    assert config.model_dump(mode="json", by_alias=True)["openAt"] == "2026-11-21T12:00:00.250000Z"


def test_a_new_queue_names_its_sequence() -> None:
    asked = NewQueue.model_validate_json(
        '{"name": "x", "admitRate": 1, "sequenceId": "01900000-0000-7000-8000-0000000000aa"}'
    )
    assert str(asked.sequence_id).endswith("aa")
    with pytest.raises(ValidationError):
        NewQueue.model_validate_json('{"name": "x", "admitRate": 1}')
