"""Who was seen is told in notes that a drain can take fifty of."""

from uuid import UUID

from api_gateway.live.presence import _slices


def test_a_note_names_a_hundred_people_at_most_and_everybody_is_in_one() -> None:
    seen = {UUID(int=nth) for nth in range(250)}
    notes = list(_slices(seen))
    assert [len(note) for note in notes] == [100, 100, 50]
    assert {one for note in notes for one in note} == seen
