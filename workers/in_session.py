"""Writes in the name of a session: an access token may outlive its session, so that every write asks for it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from domain.command import Envelope
from domain.decision import Decision
from domain.people import rules as people
from domain.times import Times
from store.work import Work

A = TypeVar("A")
Decide = Callable[[Work, A, Envelope[Any], Times], Decision]


def in_session(decide: Decide[A]) -> Decide[A]:
    """A decision about an aggregate that is refused once the session has ended in whose name it is asked for."""

    @wraps(decide)
    def checked(work: Work, of: A, sent: Envelope[Any], times: Times) -> Decision:
        if sent.body.session_id is not None:
            session = work.sessions.get(sent.body.session_id)
            refused = people.refused_session(session, sent.body.consumer_id, times.received_at)
            if refused is not None:
                return Decision(refused)
        return decide(work, of, sent, times)

    return checked
