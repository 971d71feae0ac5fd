"""The rules of a draw: pure functions from state, command and times to a decision."""

from domain.draw.rules.awaiting import give_beacon, tell_forgery
from domain.draw.rules.drawing import bounded, ordered, ranked, reveal_if_due, seal_if_due, unordered, unranked
from domain.draw.rules.ending import close_if_due, due_by_now, due_by_receipt, lapse, next_knock, take_back
from domain.draw.rules.entering import enter, leave
from domain.draw.rules.filling import Ahead, Turn, end_of_order, fill, fills
from domain.draw.rules.granting import complete, deny, sign_grant, validate
from domain.draw.rules.nesting import copied, create_nested
from domain.draw.rules.running import (
    archive,
    create,
    is_live,
    kill,
    not_repeatable,
    pause,
    repeats,
    resume,
    resume_if_due,
    update,
)

__all__ = [
    "Ahead",
    "Turn",
    "archive",
    "bounded",
    "close_if_due",
    "complete",
    "copied",
    "create",
    "create_nested",
    "deny",
    "due_by_now",
    "due_by_receipt",
    "end_of_order",
    "enter",
    "fill",
    "fills",
    "give_beacon",
    "is_live",
    "kill",
    "lapse",
    "leave",
    "next_knock",
    "not_repeatable",
    "ordered",
    "pause",
    "ranked",
    "repeats",
    "resume",
    "resume_if_due",
    "reveal_if_due",
    "seal_if_due",
    "sign_grant",
    "take_back",
    "tell_forgery",
    "unordered",
    "unranked",
    "update",
    "validate",
]
