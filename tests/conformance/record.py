"""Record the examples that no golden batch holds yet: `python -m tests.conformance.record NAME` writes golden/NAME.json.

What was recorded is never rewritten: it is what was stored yesterday.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import orjson

from domain.command import Actor, Command, Envelope
from store.wire import arrays, encode
from tests.conformance.examples import EXAMPLES, TENANT, own

GOLDEN = Path(__file__).parent / "golden"
SENDERS = (Actor("consumer", own(3)), Actor("key", own(9)), Actor("system", own(0)))


def recorded() -> Iterator[list[object]]:
    """Every envelope that was ever recorded, as it lies in the log."""
    for path in sorted(GOLDEN.glob("*.json")):
        yield from arrays(path.read_bytes())


def missing() -> list[Command]:
    """The examples that nothing recorded says word for word."""
    said = {orjson.dumps([array[1], array[10]], option=orjson.OPT_SORT_KEYS) for array in recorded()}
    return [example for example in EXAMPLES if _saying(example) not in said]


def _saying(example: Command) -> bytes:
    (array,) = arrays(encode([_sent(0, example)]))
    return orjson.dumps([array[1], array[10]], option=orjson.OPT_SORT_KEYS)


def _sent(number: int, example: Command) -> Envelope[Command]:
    """On its way, with everything that an envelope may say said now and then."""
    sender, keyed = SENDERS[number % 3], "fingerprint" if number % 2 else None
    return Envelope(own(100 + number), TENANT, sender, own(200 + number), example, "gateway-1", number % 4, keyed)


def record(name: str) -> None:
    """Write what is missing, one envelope a line."""
    batch = arrays(encode(_sent(number, example) for number, example in enumerate(missing())))
    lines = b",\n".join(orjson.dumps(array) for array in batch)
    (GOLDEN / f"{name}.json").write_bytes(b"[\n" + lines + b"\n]\n")


if __name__ == "__main__":
    record(sys.argv[1])
