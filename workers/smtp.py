"""Sending one message by SMTP (RFC 5321), and telling apart what came of it: yes, later, no, and nobody knows."""

from __future__ import annotations

import contextlib
import re
import smtplib
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import unquote, urlsplit

from domain.mail import Attempt

GOODBYE_SECONDS = 1.0
_LINE_DOT = re.compile(rb"^\.", re.MULTILINE)
_LOCAL = frozenset({"127.0.0.1", "::1", "localhost"})
_Step = Callable[[], tuple[int, bytes]]
_GO_ON = frozenset({250, 251, 354})


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds to wait for a connection and for each answer. After the final dot a receiver may think for long."""

    connect: float = 10.0
    command: float = 30.0
    after_dot: float = 120.0


@dataclass(frozen=True, slots=True)
class Relay:
    """Where mail goes: `smtp://user:password@host:port`, or `smtps://` for TLS from the first byte.

    Plain connections are encrypted when the receiver offers it; a password never travels in the clear but to this host.
    """

    url: str = field(repr=False)
    patience: Patience = Patience()

    def send(self, sender: str, recipient: str, raw: bytes) -> tuple[Attempt, str]:
        """Hand one message over; returns what came of it and the receiver's words. What a network does is no error."""
        try:
            with self._connected() as smtp:
                return self._handed_over(smtp, sender, recipient, raw)
        except smtplib.SMTPResponseException as said:
            # Because whoever refuses the greeting or the password refuses this installation, not this recipient.
            return Attempt.LATER, _words(said.smtp_code, said.smtp_error)
        except (OSError, smtplib.SMTPException) as lost:
            return Attempt.LATER, f"{type(lost).__name__}: {lost}"[:300]

    @contextlib.contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        url, tls, wait = urlsplit(self.url), ssl.create_default_context(), self.patience.connect
        host = url.hostname or "localhost"
        at_once = url.scheme == "smtps"
        smtp = (
            smtplib.SMTP_SSL(host, url.port or 465, timeout=wait, context=tls)
            if at_once
            else smtplib.SMTP(host, url.port or 25, timeout=wait)
        )
        try:
            _wait(smtp, self.patience.command)
            smtp.ehlo_or_helo_if_needed()
            if smtp.has_extn("starttls") and not at_once:
                smtp.starttls(context=tls)
            if url.username:
                _log_in(smtp, host, unquote(url.username), unquote(url.password or ""))
            yield smtp
        finally:
            smtp.close()

    def _handed_over(self, smtp: smtplib.SMTP, sender: str, recipient: str, raw: bytes) -> tuple[Attempt, str]:
        steps: list[_Step] = [partial(smtp.mail, sender), partial(smtp.rcpt, recipient), partial(smtp.docmd, "DATA")]
        for step in steps:
            code, words = step()
            if code not in _GO_ON:
                return _verdict(code), _words(code, words)
        smtp.send(_LINE_DOT.sub(b"..", raw) + (b"" if raw.endswith(b"\r\n") else b"\r\n") + b".\r\n")
        _wait(smtp, self.patience.after_dot)
        try:
            code, words = smtp.getreply()
        except (OSError, smtplib.SMTPException) as lost:
            return Attempt.UNHEARD, f"after the message: {type(lost).__name__}: {lost}"[:300]
        _say_goodbye(smtp)
        return _verdict(code), _words(code, words)


def _log_in(smtp: smtplib.SMTP, host: str, user: str, password: str) -> None:
    if not isinstance(smtp.sock, ssl.SSLSocket) and host not in _LOCAL:
        raise smtplib.SMTPException("the receiver does not encrypt, so the password stays here")
    smtp.login(user, password)


def _say_goodbye(smtp: smtplib.SMTP) -> None:
    """Be polite, without waiting long: the message is delivered or not by now."""
    with contextlib.suppress(OSError, smtplib.SMTPException):
        _wait(smtp, GOODBYE_SECONDS)
        smtp.quit()


def _verdict(code: int) -> Attempt:
    if code == 250:
        return Attempt.ACCEPTED
    return Attempt.REFUSED if code // 100 == 5 else Attempt.LATER


def _words(code: int, words: bytes | str) -> str:
    said = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return f"{code} {said}"[:300]


def _wait(smtp: smtplib.SMTP, seconds: float) -> None:
    if smtp.sock is not None:
        smtp.sock.settimeout(seconds)
