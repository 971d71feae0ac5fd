"""The checker of histories itself: what it must let pass, and what it must see."""

import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations, permutations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.linearizability import (
    UNKNOWN,
    EndlessError,
    Operation,
    assert_linearizable,
    check,
    check_apart,
)

Cell = int


def cell(state: Cell, operation: Operation) -> Cell | None:
    """A number that can be written, read, and counted up; counting up answers what it has become."""
    if operation.call == "write":
        return int(operation.argument)
    if operation.call == "add":
        after = state + int(operation.argument)
        return after if operation.answer in {UNKNOWN, after} else None
    return state if operation.answer in {UNKNOWN, state} else None


def line(state: tuple[str, ...], operation: Operation) -> tuple[str, ...] | None:
    """A line that tells everybody how many stand before them, and shows itself."""
    if operation.call == "look":
        return state if operation.answer == state else None
    return (*state, operation.argument) if operation.answer in {UNKNOWN, len(state)} else None


def write(value: int, begin: float, end: float | None) -> Operation:
    return Operation("writer", "write", value, begin, end, UNKNOWN if end is None else "ok")


def read(begin: float, end: float, value: int) -> Operation:
    return Operation("reader", "read", None, begin, end, value)


def add(begin: float, end: float | None, answer: int | None = None) -> Operation:
    return Operation("counter", "add", 1, begin, end, UNKNOWN if answer is None else answer)


GOOD = {
    "nothing happened": [],
    "one after the other": [write(1, 0, 1), read(2, 3, 1), write(2, 4, 5), read(6, 7, 2)],
    "a read beside a write may see what was": [write(1, 0, 10), read(1, 2, 0), read(3, 4, 1)],
    "two writes at once go either way": [write(1, 0, 10), write(2, 0, 10), read(11, 12, 1), read(13, 14, 1)],
    "an unknown write took effect": [write(1, 0, None), read(1, 2, 1)],
    "an unknown write had no effect": [write(1, 0, None), read(1, 2, 0), read(3, 4, 0)],
    "an unknown write took effect after later calls": [
        write(1, 0, None), write(2, 1, 2), read(3, 4, 2), read(5, 6, 1),
    ],
    "two were counted in the other order": [add(0, 10, 2), add(1, 9, 1), read(11, 12, 2)],
    "of two unknown calls one took effect": [add(0, None), add(0, None), read(1, 2, 0), read(3, 4, 1), read(5, 6, 1)],
}  # fmt: skip
BAD = {
    "a stale read": [write(1, 0, 1), read(2, 3, 0)],
    "a read that goes back": [write(1, 0, 10), read(1, 2, 1), read(3, 4, 0)],
    "a lost update": [add(0, 1, 1), add(2, 3, 1)],
    "a lost update of two at once": [add(0, 10, 1), add(0, 10, 1)],
    "a double effect": [add(0, 1, 1), read(2, 3, 2)],
    "a double effect of an unknown call": [add(0, None), read(1, 2, 2)],
    "an effect before its cause": [read(0, 1, 1), write(1, 2, 3)],
    "an unknown effect before its cause": [read(0, 1, 1), write(1, 2, None)],
    "an unknown effect that comes and goes": [write(1, 0, None), read(1, 2, 1), read(3, 4, 0)],
}


@pytest.mark.parametrize("history", GOOD.values(), ids=GOOD)
def test_what_can_have_happened_passes(history: Sequence[Operation]) -> None:
    verdict = check(history, 0, cell)
    assert verdict.holds
    assert {operation for operation in history if operation.end is not None} <= set(verdict.order)


@pytest.mark.parametrize("history", BAD.values(), ids=BAD)
def test_what_cannot_have_happened_is_seen(history: Sequence[Operation]) -> None:
    verdict = check(history, 0, cell)
    assert not verdict.holds
    assert verdict.stuck


def test_an_order_that_nobody_can_have_come_in_is_seen() -> None:
    nobody: tuple[str, ...] = ()
    came = [Operation("a", "join", "ann", 0, 1, 0), Operation("b", "join", "bob", 2, 3, 1)]
    shown = Operation("c", "look", None, 4, 5, ("ann", "bob"))
    assert check([*came, shown], nobody, line).holds
    assert not check([*came, replace(shown, answer=("bob", "ann"))], nobody, line).holds
    unheard = [replace(one, end=None, answer=UNKNOWN) for one in came]
    assert check([*unheard, replace(shown, answer=("bob", "ann"))], nobody, line).holds


def test_whoever_asserts_is_shown_where_no_order_goes_on() -> None:
    assert_linearizable([write(1, 0, 1), read(2, 3, 1)], 0, cell)
    with pytest.raises(AssertionError, match=r"after 1 of 2 calls none of these can come next:\n.*'read'"):
        assert_linearizable([write(1, 0, 1), read(2, 3, 0)], 0, cell)


def test_parts_that_share_nothing_are_checked_apart() -> None:
    history = [replace(write(1, 0, 1), client="a"), replace(read(2, 3, 0), client="b")]
    assert not check(history, 0, cell).holds
    assert check_apart(history, lambda operation: operation.client, 0, cell).holds
    assert not check_apart(history, lambda operation: operation.end is None, 0, cell).holds


def test_an_ended_call_without_an_answer_is_no_operation() -> None:
    wrongs: list[dict[str, float]] = [{"end": 1.0}, {"end": -1.0, "answer": 1}]
    for wrong in wrongs:
        with pytest.raises(ValueError, match="a call that ended has an answer"):
            Operation("c", "read", None, 0.0, **wrong)


def test_a_search_that_takes_too_long_says_so() -> None:
    everything_at_once = [add(0, 1, number) for number in [*range(1, 12), 99]]
    with pytest.raises(EndlessError):
        check(everything_at_once, 0, cell, most_steps=20)


def lived(random: Random, operations: int, clients: int, unheard: float = 0.05) -> list[Operation]:
    """What so many clients saw of a cell that did everything at one instant; so large a share of the answers is not heard."""
    state, history = 0, list[Operation]()
    free = [random.random() for _ in range(clients)]
    for instant in sorted(random.random() * operations for _ in range(operations)):
        client = min(range(clients), key=free.__getitem__)
        begin = max(free[client], instant - 8 * random.random())
        call, heard = random.choice(("write", "read", "add")), random.random() >= unheard
        state = {"write": len(history), "read": state, "add": state + 1}[call]
        free[client] = end = max(begin, instant) + random.random()
        argument = {"write": state, "read": None, "add": 1}[call]
        history.append(Operation(client, call, argument, begin, end if heard else None, state if heard else UNKNOWN))
    return history


@pytest.mark.parametrize("seed", range(3))
def test_a_thousand_calls_of_eight_clients_take_about_a_second(seed: int) -> None:
    history = lived(Random(seed), 1_000, 8)
    began = time.process_time()
    verdict = check(history, 0, cell)
    assert verdict.holds
    assert time.process_time() - began < 10, "ten times what it takes"


def test_one_wrong_answer_among_a_thousand_is_seen() -> None:
    history = lived(Random(1), 1_000, 8, unheard=0)
    at = next(at for at in range(500, 1_000) if history[at].call == "read")
    assert check(history, 0, cell).holds
    assert not check([*history[:at], replace(history[at], answer=-7), *history[at + 1 :]], 0, cell).holds


def possible(history: Sequence[Operation]) -> bool:
    """The definition itself: some order of all known calls and some of the unknown ones that nobody's time contradicts."""
    known = [one for one in history if one.end is not None]
    unknown = [one for one in history if one.end is None]
    taken = [some for many in range(len(unknown) + 1) for some in combinations(unknown, many)]
    return any(follows(order) for some in taken for order in permutations([*known, *some]))


def follows(order: Sequence[Operation]) -> bool:
    """Whether nobody ended before an earlier one in this order began, and a cell answers so."""
    state: Cell | None = 0
    for at, operation in enumerate(order):
        if any(later.end is not None and later.end < operation.begin for later in order[at + 1 :]):
            return False
        state = cell(state or 0, operation)
        if state is None:
            return False
    return True


@st.composite
def calls(draw: st.DrawFn) -> Operation:
    """A call of a few instants, with an answer that may be right."""
    call, begin = draw(st.sampled_from(["write", "read", "add"])), draw(st.integers(0, 8))
    end = draw(st.none() | st.integers(begin, begin + 4))
    argument = draw(st.integers(0, 2)) if call == "write" else 1
    answer = UNKNOWN if end is None else draw(st.integers(0, 3))
    return Operation("somebody", call, argument, begin, end, answer)


@given(st.lists(calls(), max_size=5))
def test_it_finds_what_trying_every_order_finds(history: list[Operation]) -> None:
    assert check(history, 0, cell).holds == possible(history)
