"""The drain on real servers, where nothing goes wrong."""

from tests.support.factories import entering
from tests.support.works import Works, place_of
from workers.drain import Round


def test_twenty_people_join_in_one_commit(works: Works) -> None:
    queue = works.queue()
    people = [entering(queue) for _ in range(20)]
    works.append(people)

    assert works.drain.round(place_of(queue)) is Round.DECIDED

    assert works.value("SELECT count(*) FROM queue_entry WHERE queue_id = %s", queue.id) == 20
    assert works.outcomes(queue, [one.id for one in people]).keys() == {one.id for one in people}
    assert works.waiting() == []
    assert works.drain.round(place_of(queue)) is Round.EMPTY
