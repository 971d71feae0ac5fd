"""The cast: the same seed gives the same people, every way of behaving occurs, nobody ends in two ways."""

from __future__ import annotations

from random import Random

from cli.crowd.temperament import Payment, Temperament, cast


def endings(person: Temperament) -> int:
    ways = (person.patience is not None, person.vanishes, person.no_show, person.changes_mind, person.forges)
    return sum(ways) + (person.payment is not Payment.ONCE)


def test_a_seed_fixes_the_cast() -> None:
    assert cast(200, 30, 50, Random(3)) == cast(200, 30, 50, Random(3))
    assert cast(200, 30, 50, Random(3)) != cast(200, 30, 50, Random(4))


def test_even_a_small_crowd_shows_every_way_of_behaving() -> None:
    people = cast(20, 5, 10, Random(1))
    assert any(person.patience for person in people)
    assert any(person.vanishes for person in people)
    assert any(person.no_show for person in people)
    assert any(person.changes_mind for person in people)
    assert any(person.forges for person in people)
    assert any(person.presses == 2 for person in people)
    assert any(person.listens for person in people)
    assert {person.payment for person in people} == set(Payment)


def test_nobody_ends_in_two_ways() -> None:
    assert all(endings(person) <= 1 for person in cast(2000, 30, 100, Random(9)))


def test_most_people_are_ordinary_and_few_listen() -> None:
    people = cast(10_000, 30, 200, Random(2))
    assert sum(1 for person in people if endings(person) == 0) > 8000
    assert sum(1 for person in people if person.listens) == 200


def test_one_person_alone_is_a_crowd_too() -> None:
    assert len(cast(1, 1, 0, Random(1))) == 1


def test_nobody_listens_when_no_listeners_are_wanted() -> None:
    assert not any(person.listens for person in cast(500, 30, 0, Random(1)))
