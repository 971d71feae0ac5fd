"""The rules of a queue: pure functions from state, command and times to a decision."""

from domain.queue.rules.claims import sign_grant
from domain.queue.rules.entering import enter, leave
from domain.queue.rules.granting import admit, complete, deny, validate
from domain.queue.rules.running import archive, create, kill, pause, resume, resume_if_due, update
from domain.queue.rules.serving import (
    call_next,
    denial_of_the_waiting,
    lapse,
    next_knock,
    note_presence,
    open_if_due,
    room,
    turn_away,
)

__all__ = [
    "admit",
    "archive",
    "call_next",
    "complete",
    "create",
    "denial_of_the_waiting",
    "deny",
    "enter",
    "kill",
    "lapse",
    "leave",
    "next_knock",
    "note_presence",
    "open_if_due",
    "pause",
    "resume",
    "resume_if_due",
    "room",
    "sign_grant",
    "turn_away",
    "update",
    "validate",
]
