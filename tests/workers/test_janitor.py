"""What is past its term is blanked or deleted, the rest is left alone."""

from collections.abc import Iterator
from contextlib import contextmanager

from store.roles import MAINTENANCE
from tests.support.factories import entering
from tests.support.works import Works
from workers.janitor import AGAIN_SECONDS, EVERY_SECONDS, Janitor


@contextmanager
def janitor(works: Works) -> Iterator[Janitor]:
    """A janitor under its role."""
    engine = works.database.engine(MAINTENANCE, pool=1)
    yield Janitor(engine)
    engine.dispose()


def test_replies_are_blanked_after_a_day_and_events_stay(works: Works) -> None:
    queue = works.queue()
    works.append([entering(queue)])
    works.settle()
    kept = "SELECT replies IS NOT NULL AS replies, json_array_length(events) AS events FROM journal"
    with janitor(works) as clean:
        works.database.advance("23 hours")
        clean()
        (before,) = works.rows(kept)
        works.database.advance("2 hours")
        clean()
    (after,) = works.rows(kept)
    assert (before.replies, after.replies) == (True, False)
    assert before.events == after.events > 0


def test_sessions_are_deleted_ninety_days_after_they_expired(works: Works) -> None:
    queue = works.queue()
    works.rows(
        "WITH who AS (INSERT INTO consumer (tenant_id, id, created_at) VALUES (%s, gen_random_uuid(), ledger_now()) "
        "RETURNING *) INSERT INTO session (tenant_id, id, consumer_id, refresh_hash, created_at, expires_at) "
        "SELECT tenant_id, gen_random_uuid(), id, 'hash', ledger_now(), ledger_now() - interval '1 day' * days "
        "FROM who, unnest(ARRAY[-1, 89, 91]) days",
        queue.tenant_id,
    )
    with janitor(works) as clean:
        clean()
    assert works.value("SELECT count(*) FROM session") == 2


def test_a_full_slice_is_followed_by_the_next_one_soon(works: Works) -> None:
    works.rows(
        "INSERT INTO journal (tenant_id, aggregate_id, topic, at, command_ids, changed, events, replies) "
        "SELECT gen_random_uuid(), gen_random_uuid(), 'queue', ledger_now() - interval '2 days', '{}', '{}', '[]', "
        "'[]' FROM generate_series(1, 1500)"
    )
    with janitor(works) as clean:
        assert [clean(), clean()] == [AGAIN_SECONDS, EVERY_SECONDS]
    assert works.value("SELECT count(*) FROM journal WHERE replies IS NOT NULL") == 0
