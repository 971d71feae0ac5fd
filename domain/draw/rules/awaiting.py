"""The round of the public beacon: fixed before anybody can know it, waited for, given, and never replaced once it is known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from domain.decision import Decision, Refused, Reply
from domain.draw import events
from domain.draw.commands import GiveBeacon
from domain.draw.rules.logging import log_step
from domain.draw.state import Draw, DrawStatus
from domain.draw.view import draw_facts
from domain.fairness.draws import steps
from domain.fairness.quicknet import PERIOD, round_at, time_of
from domain.times import Times, iso

AHEAD: Final = timedelta(seconds=5)
_LATEST: Final = datetime.max.replace(tzinfo=UTC) - AHEAD - PERIOD


def round_for(draw: Draw, now: datetime) -> int | None:
    """The round to fix now: the first that is due 5 s or more after the draw; None where no beacon is mixed in.

    After the draw or after now, whichever is later, because a freeze that comes late must not name what everybody knows.
    """
    if not draw.config.mixes_in_beacon:
        return None
    return round_at(min(max(draw.config.draw_at, now), _LATEST) + AHEAD)


def put_off(draw: Draw, moved: Draw, now: datetime) -> tuple[Draw, int | None]:
    """The draw, frozen and now to be drawn at another time, with its new round if another is fixed.

    What everybody knows, or may know, is not replaced: a second round would be a second throw.
    """
    pool, fixed = draw.pool, draw.pool.beacon_round
    if moved.config.draw_at == draw.config.draw_at:
        return moved, None
    anew = moved.with_pool(waiting_for=None)
    if fixed is None or pool.beacon_randomness is not None or time_of(fixed) <= now:
        return anew, None
    wanted = round_for(moved, now)
    return (anew, None) if wanted == fixed else (anew.with_pool(beacon_round=wanted), wanted)


def awaited(draw: Draw) -> int | None:
    """The round that the draw has fixed and nobody has brought; None where there is none, or not yet."""
    return draw.pool.beacon_round if draw.pool.beacon_randomness is None else None


def wait_for_round(draw: Draw, number: int, times: Times) -> Decision:
    """The draw is due, and its round is not there."""
    due = iso(time_of(number))
    return _wait(draw, f"Round {number} of the public beacon is not there yet; it is due at {due}.", times)


def tell_forgery(draw: Draw, command: GiveBeacon, randomness: bytes | None, times: Times) -> Decision:
    """A draw that is due was given a signature that is none: it waits on, and everybody may know why."""
    due = draw.ended is None and times.now >= draw.config.draw_at
    if randomness is not None or not due or command.round != awaited(draw):
        return Decision(Reply())
    return _wait(draw, f"What was given as round {command.round} is not signed by the beacon; it waits on.", times)


def give_beacon(draw: Draw, command: GiveBeacon, randomness: bytes | None, times: Times) -> Decision:
    """Take the round's signature. `randomness` is what it gives, None when it is not the beacon's signature of this round."""
    refused = _not_wanted(draw) or _wrong(draw, command, randomness)
    if refused is not None or randomness is None:
        return Decision(refused or Reply())
    if awaited(draw) is None:
        return Decision(Reply(draw_facts(draw, times)))
    signature = bytes.fromhex(command.signature)
    given = draw.with_pool(beacon_randomness=randomness, beacon_signature=signature, waiting_for=None)
    event = events.BeaconGiven(times.now, command.round, randomness.hex())
    return Decision(Reply(draw_facts(given, times)), saves=(given,), events=(event,))


def _not_wanted(draw: Draw) -> Refused | None:
    if draw.ended is not None:
        return Refused("DISTRIBUTION_CLOSED", "The draw has ended.")
    if not draw.config.mixes_in_beacon:
        return Refused("INVALID_STATE", "This draw mixes in no beacon.")
    if draw.status is DrawStatus.PENDING:
        return Refused("INVALID_STATE", "The round is fixed when the entries are frozen; no round is wanted before.")
    if draw.status is not DrawStatus.SEALED:
        return Refused("INVALID_STATE", "The draw is drawn already.")
    return None


def _wrong(draw: Draw, command: GiveBeacon, randomness: bytes | None) -> Refused | None:
    fixed = draw.pool.beacon_round
    if command.round != fixed:
        return Refused("VALIDATION_ERROR", f"The draw has fixed round {fixed}.", field="/round")
    if randomness is None:
        return Refused("VALIDATION_ERROR", f"This is not the beacon's signature of round {fixed}.", field="/signature")
    return None


def _wait(draw: Draw, reason: str, times: Times) -> Decision:
    """Say what the draw waits for, in the log too; nothing, when that was what it said last."""
    if draw.pool.waiting_for == reason:
        return Decision(Reply())
    waiting = draw.with_pool(waiting_for=reason)
    logged, step = log_step(waiting, steps.Waiting(reason=reason), times.now)
    return Decision(Reply(), saves=(logged, step), events=(events.Waiting(times.now, reason),))
