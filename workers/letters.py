"""The letters: what each kind of mail says. Rendered once, kept as bytes, and sent as those bytes however often."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from domain.mail import MOST_TO_OPERATOR
from store.dead import BURIED

# Because the default folds a long header into an encoded word, which some receivers then do not understand.
POLICY = SMTP.clone(max_line_length=998)


@dataclass(frozen=True, slots=True)
class Letter:
    """What a mail says, as plain text."""

    subject: str
    text: str


def command_buried(facts: Mapping[str, Any]) -> Letter:
    """An operator is told of a command that could not be decided; nothing of what was in it leaves the store."""
    text = f"""\
A command could not be decided and waits for you.

command    {facts["command"]}
type       {facts["type"]}
tenant     {facts["tenant"]}
aggregate  {facts["aggregate"]}
error      {facts["error"]}
at         {facts["diedAt"]}

Its sender was answered 500 with the command's id as reference. All other commands went on.

  drumroll dead show {facts["command"]}
  drumroll dead retry {facts["command"]}     when the reason is mended
  drumroll dead discard {facts["command"]}   when it need not be decided any more

Of one tenant you are told at most {MOST_TO_OPERATOR} times an hour. All that wait: drumroll dead list
"""
    return Letter(f"Drumroll: {facts['type']} could not be decided", text)


LETTERS: Mapping[str, Callable[[Mapping[str, Any]], Letter]] = MappingProxyType({BURIED: command_buried})
TO_OPERATOR = frozenset({BURIED})


def render(letter: Letter, mail_id: UUID, sender: str, recipient: str, at: datetime) -> bytes:
    """The message as it goes over the wire. The Message-ID follows from the mail: all copies are one message."""
    message = EmailMessage(policy=POLICY)
    message["From"] = f"Drumroll <{sender}>"
    message["To"] = recipient
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(at)
    message["Message-ID"] = f"<{mail_id}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text)
    return message.as_bytes()
