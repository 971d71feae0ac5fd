"""The rules of a queue: pure functions from state, command and times to a decision."""

from domain.queue.rules.claims import sign_grant
from domain.queue.rules.entering import enter, leave
from domain.queue.rules.granting import admit, complete, deny, validate
from domain.queue.rules.idling import look_for_idle, note_presence
from domain.queue.rules.nesting import copied, create_nested
from domain.queue.rules.running import archive, create, extend, kill, pause, resume, resume_if_due, update
from domain.queue.rules.serving import (
    call_next,
    denial_of_the_waiting,
    due_by_now,
    due_by_receipt,
    lapse,
    next_knock,
    open_if_due,
    opens,
    room,
    turn_away,
)

__all__ = [
    "admit",
    "archive",
    "call_next",
    "complete",
    "copied",
    "create",
    "create_nested",
    "denial_of_the_waiting",
    "deny",
    "due_by_now",
    "due_by_receipt",
    "enter",
    "extend",
    "kill",
    "lapse",
    "leave",
    "look_for_idle",
    "next_knock",
    "note_presence",
    "open_if_due",
    "opens",
    "pause",
    "resume",
    "resume_if_due",
    "room",
    "sign_grant",
    "turn_away",
    "update",
    "validate",
]
