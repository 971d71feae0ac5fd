"""What must not be read: every secret that the suite makes is learnt, and no log and no refusal may tell one.

A plugin of pytest. It learns keys as they are drawn, tokens as they are signed or received, passwords and private settings as
processes are started with them. It reads what tests and their processes print and log, the logs in the folders of
installations, and the bodies of all refusals. Whoever tells a secret fails the test in which that is seen; what is only known
to be a secret later fails the session.
"""

from __future__ import annotations

import base64
import os
import re
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import Any, TypedDict
from urllib.parse import unquote, urlsplit

import aiohttp
import pytest
import requests
import structlog
from joserfc.jwk import OKPKey

import domain.organizations.keys
from cli.processes import PRIVATE
from runtime.keys import SigningKey
from store.roles import RolePasswords

SHORTEST = 20
WORDS = re.compile(rb"[A-Za-z0-9_-]{%d,}" % SHORTEST)
IDS = re.compile(rb"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
SECRETS = re.compile(r"dr_sk_(?:live|test)_\w{43}|(?:rt|st)_[\w-]{20,}|eyJ[\w-]+\.[\w-]+\.([\w-]+)")
"""Of a token the signature is the secret: header and claims are known to whoever knows whom it is for."""
DRAWN_LENGTH = 43
Response = requests.Response | aiohttp.ClientResponse


class Seen(TypedDict):
    """What one process of pytest-xdist has seen, as it tells it at its end."""

    told: list[str]
    known: int
    texts: int


@dataclass
class Leaks:
    """The secrets of a session, the words that were read, and who told what."""

    known: set[bytes] = field(default_factory=set)
    read: dict[bytes, str] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    texts: int = 0
    others: list[Seen] = field(default_factory=list)

    def learn(self, *secrets: str | bytes | None) -> None:
        """From now on these are secrets. What is too short to be one, or is but an id, is none."""
        for secret in filter(None, secrets):
            raw = secret.encode() if isinstance(secret, str) else secret
            self.known.update(word for word in words(raw))

    def look(self, text: str | bytes, where: str) -> None:
        """Read a text that may hold no secret."""
        self.texts += 1
        for word in words(text.encode(errors="replace") if isinstance(text, str) else text):
            if word in self.known:
                self.told.append(f"{where} tells {shown(word)}")
            else:
                self.read.setdefault(word, where)

    def later(self) -> list[str]:
        """Who told what turned out to be a secret afterwards."""
        return [f"{where} tells {shown(word)}" for word, where in self.read.items() if word in self.known]

    def seen(self) -> Seen:
        """All that was seen by the end, here and elsewhere."""
        all_seen = [Seen(told=self.later(), known=len(self.known), texts=self.texts), *self.others]
        return Seen(
            told=[line for one in all_seen for line in one["told"]],
            known=sum(one["known"] for one in all_seen), texts=sum(one["texts"] for one in all_seen),
        )  # fmt: skip

    def taken(self) -> list[str]:
        """Who told what since this was last asked."""
        told, self.told = sorted(set(self.told)), []
        return told


LEAKS = Leaks()


def words(text: bytes) -> Iterable[bytes]:
    """What could be a secret in a text."""
    return (word for word in WORDS.findall(text) if not IDS.fullmatch(word))


def shown(word: bytes) -> str:
    """Enough of a secret to find it by."""
    return f"{word[:16].decode()}… ({len(word)} characters)"


def learn_answer(answer: Response, body: bytes) -> None:
    """An answer that grants something tells secrets on purpose; one that refuses may tell none."""
    status = answer.status_code if isinstance(answer, requests.Response) else answer.status
    if status < 400:
        for found in SECRETS.finditer(body.decode(errors="replace")):
            LEAKS.learn(found[1] or found[0])
    else:
        LEAKS.look(body, f"the body of {status} {answer.url}")


def learn_environment(environment: Mapping[Any, Any] | None) -> None:
    """The private settings of a process, and the passwords in its URLs."""
    for name, word in (environment or {}).items():
        if str(name).endswith("_URL"):
            password = urlsplit(str(word)).password
            LEAKS.learn(unquote(password) if password else None)
        elif name in PRIVATE:
            LEAKS.learn(str(word))


def learn_key(key: OKPKey) -> OKPKey:
    """The private half of a key, as it may be written down."""
    told = key.as_dict(private=True).get("d")
    if isinstance(told, str):
        raw = base64.urlsafe_b64decode(told + "=")
        LEAKS.learn(told, raw.hex(), base64.b64encode(raw))
    return key


def follow(owner: Any, name: str, after: Callable[..., None]) -> None:
    """Call `after` with the result and the arguments of every call."""
    original = getattr(owner, name)

    @wraps(original)
    def followed(*args: Any, **named: Any) -> Any:
        result = original(*args, **named)
        after(result, *args, **named)
        return result

    setattr(owner, name, followed)


def listen() -> None:
    """Learn from now on."""
    follow(domain.organizations.keys, "_base62", _drawn)
    follow(OKPKey, "generate_key", lambda key, *_, **__: learn_key(key))
    follow(SigningKey, "__init__", lambda _, self, *__, **___: learn_key(self.key))
    follow(SigningKey, "sign", lambda token, *_: LEAKS.learn(token.rpartition(".")[2]))
    follow(RolePasswords, "of", lambda password, self, *_: LEAKS.learn(password, self.secret))
    follow(subprocess.Popen, "__init__", lambda _, *__, env=None, **___: learn_environment(env))
    follow(requests.Session, "send", _received)
    for name in ("msg", "debug", "info", "warning", "error", "critical", "exception"):
        follow(structlog.BytesLogger, name, lambda _, __, line: LEAKS.look(line, "a line of the log"))
    _follow_aiohttp()


def _drawn(text: str, _: int, length: int) -> None:
    if length == DRAWN_LENGTH:
        LEAKS.learn(*(f"dr_sk_{mode}_{text}" for mode in ("live", "test")))


def _received(answer: requests.Response, *_: Any, stream: bool = False, **__: Any) -> None:
    if not stream:
        learn_answer(answer, answer.content)


def _follow_aiohttp() -> None:
    original = aiohttp.ClientResponse.read

    @wraps(original)
    async def read(self: aiohttp.ClientResponse) -> bytes:
        body = await original(self)
        learn_answer(self, body)
        return body

    aiohttp.ClientResponse.read = read  # type: ignore[method-assign] # everybody's answers are read here


def look_into(folder: Path) -> None:
    """Read every log in a folder."""
    for path in folder.rglob("*"):
        if "log" in path.name and path.is_file():
            LEAKS.look(path.read_bytes(), path.name)


def pytest_configure(config: pytest.Config) -> None:
    """Begin to learn, once."""
    if not getattr(listen, "begun", False):
        listen.begun = True  # type: ignore[attr-defined] # a plugin may be registered twice
        listen()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Read what a phase of a test printed and logged; it fails when that, or a refusal, tells a secret."""
    report: Any = yield
    for when, name, text in item._report_sections:
        if when == call.when:
            LEAKS.look(text, f"{item.nodeid} ({when}, {name})")
    if call.when == "teardown" and (folder := getattr(item, "funcargs", {}).get("tmp_path")) is not None:
        look_into(folder)
    if told := LEAKS.taken():
        report.outcome, report.longrepr = "failed", "\n".join(["Secrets were told:", *told])
    return report  # type: ignore[return-value] # what a wrapper returns is the report


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail the session when something was told before it was known to be a secret, here or in a process that ran tests for it."""
    seen, output = LEAKS.seen(), getattr(session.config, "workeroutput", None)
    if output is not None:
        output["secrets"] = seen
    elif seen["told"]:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        os.write(2, ("\n".join(["", "Secrets were told:", *seen["told"]]) + "\n").encode())


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over what a process of pytest-xdist has seen; nothing of one that was killed."""
    if "secrets" in (output := getattr(node, "workeroutput", {})):
        LEAKS.others.append(output["secrets"])


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say what was looked for."""
    seen = LEAKS.seen()
    terminalreporter.write_line(
        f"{seen['known']} secrets were made, and looked for in {seen['texts']} logs and refusals"
    )
