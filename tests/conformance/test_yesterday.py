"""What was stored yesterday is understood today."""

import pytest

from domain.catalogue import COMMANDS
from store.wire import Unknown, arrays, decode, encode
from tests.conformance.examples import EXAMPLES
from tests.conformance.record import missing, recorded

RECORDED = list(recorded())


def test_there_is_something_recorded_of_every_command_and_every_member() -> None:
    said: dict[str, set[str]] = {name: set() for name in COMMANDS}
    for array in RECORDED:
        said[str(array[1])] |= set(_body(array))
    assert said == {name: set(command.model_fields) for name, command in COMMANDS.items()}
    assert missing() == [], "run: python -m tests.conformance.record NAME"


@pytest.mark.parametrize("array", RECORDED, ids=lambda array: str(array[1]))
def test_a_recorded_envelope_means_what_it_meant(array: list[object]) -> None:
    sent = decode(array)
    assert not isinstance(sent, Unknown)
    assert arrays(encode([sent])) == [array]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.type)
def test_every_command_comes_back_from_the_log_as_it_was(example: object) -> None:
    told = [decode(array) for array in RECORDED]
    assert example in [sent.body for sent in told if not isinstance(sent, Unknown)]


def _body(array: list[object]) -> dict[str, object]:
    body = array[10]
    assert isinstance(body, dict)
    return body
