"""The organiser's side: makes the launch, and reads back what the server says has happened."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson

from cli.crowd.door import LOST, OK, Answer, Call, Door, call
from cli.crowd.draw.terms import AnnouncedDraw, draw_settings
from cli.crowd.launch import Launch, launch_of, moment
from cli.crowd.plan import Address, CrowdPlan, queue_settings

PAGE = 1000
READY = 1.5
"""Seconds between making a launch and its first arrival, for four requests and a slow start."""


class CannotVisitError(Exception):
    """The crowd cannot come: the message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """A launch to visit, and when the first people set out, on the stopwatch; a fresh one has a draw beside the queue."""

    launch: Launch
    starts_on_watch: float
    draw: AnnouncedDraw | None = None


class Organiser:
    """The Admin API with a secret key."""

    def __init__(self, door: Door, address: Address, plan: CrowdPlan) -> None:
        self._door, self._address, self._plan = door, address, plan
        self._headers = {
            **address.admin_headers,
            "Authorization": f"Bearer {plan.secret_key}",
            "Content-Type": "application/json",
        }

    async def invite(self, wall: float, local: datetime) -> Invitation:
        """A fresh, published launch whose queue opens at `wall` (share of the run), or the queue that the plan names.

        A fresh launch goes by the server's clock, one that is there by ours: `local` is the present moment.
        """
        if self._plan.queue_id is not None:
            return self._visit((await self._get(f"/queues/{self._plan.queue_id}")).body, wall, local)
        experience = await self._post("/experiences", {"name": f"The crowd of {self._plan.people}"})
        sequence_id = await self._sequence_of(experience)
        watch, now = self._door.now(), _server_now(experience)
        start = now + timedelta(seconds=READY)
        queue = await self._post("/queues", queue_settings(self._plan, sequence_id, start, wall))
        draw = await self._announced(draw_settings(self._plan, sequence_id, now))
        await self._post(f"/experiences/{experience['id']}/publish", {})
        return Invitation(launch_of(queue, fresh=True, now=now, watch=watch), watch + READY, draw)

    async def _announced(self, settings: dict[str, Any]) -> AnnouncedDraw:
        draw = await self._post("/draws", settings)
        return AnnouncedDraw(str(draw["id"]), _server_now(draw), self._door.now())

    def _visit(self, queue: Mapping[str, Any], wall: float, local: datetime) -> Invitation:
        """People set out so that the wall meets the opening, or at once where that lies too near or behind."""
        watch = self._door.now()
        launch = launch_of(queue, fresh=False, now=local, watch=watch)
        opens = launch.opens_on_watch
        start = watch if opens is None else max(watch, opens - self._plan.duration * wall)
        return Invitation(launch, start)

    async def _sequence_of(self, experience: Mapping[str, Any]) -> str:
        sequences = experience.get("sequences")
        if not sequences:
            found = await self._get(f"/experiences/{experience['id']}?include=sequences")
            sequences = found.body.get("sequences")
        if not sequences:
            message = "The new experience has no sequence; the Admin API must give each a default one."
            raise CannotVisitError(message)
        return str(sequences[0]["id"])

    async def settled(self, queue_id: str, within: float) -> Mapping[str, Any]:
        """The queue object once nobody waits and no grant is live, or as it is after `within` seconds."""
        until = self._door.now() + within
        while True:
            queue = (await self._get(f"/queues/{queue_id}")).body
            if not (queue.get("waitingCount") or queue.get("activeGrants")) or self._door.now() >= until:
                return queue
            await asyncio.sleep(0.25)

    def now(self) -> float:
        """Seconds on the crowd's stopwatch."""
        return self._door.now()

    async def read(self, path: str) -> Mapping[str, Any]:
        """The object at a path of the Admin API."""
        return (await self._get(path)).body

    async def change(self, path: str, changes: dict[str, Any]) -> None:
        """Change some settings of the object at a path."""
        await self._insist(self._call("PATCH", path, body=changes, expected=frozenset({200, 202})))

    async def entries(self, path: str) -> list[dict[str, Any]]:
        """All participations of the queue or the draw at a path, as the Admin API lists them."""
        entries: list[dict[str, Any]] = []
        cursor = ""
        while True:
            page = await self.read(f"{path}/consumers?per_page={PAGE}&after={cursor}")
            entries.extend(page["data"])
            following = _cursor(page["pagination"].get("next"))
            if not following:
                return entries
            cursor = following

    async def proof(self, queue_id: str) -> tuple[Mapping[str, Any], list[dict[str, Any]]]:
        """The published proof and the lines of its entries file; both empty for a queue without an opening."""
        answer = await self._door.insist(self._call("GET", f"/queues/{queue_id}/proof", expected=frozenset({200, 404})))
        if answer.status != HTTPStatus.OK:
            return {}, []
        named = str(answer.body.get("entriesUrl") or "").partition("/api/v1")[2]
        # Because behind a path prefix the server's own idea of its address need not be the one that was dialled.
        return answer.body, await self.lines(named or f"/queues/{queue_id}/proof/entries")

    async def published_keys(self) -> Mapping[str, Any]:
        """The key set for offline checks, or nothing where there is none."""
        for url in self._address.key_sets:
            answer = await self._door.ask(
                call("keys", "GET", url, self._address.consumer_headers, expected=frozenset({200, 404}))
            )
            if answer.status == HTTPStatus.OK:
                return answer.body
        return {}

    async def lines(self, path: str) -> list[dict[str, Any]]:
        """The lines of the file at a path; none where it cannot be had."""
        try:
            async with self._door.session.get(self._address.admin + path, headers=self._headers) as response:
                content = await response.read() if response.status == HTTPStatus.OK else b""
        except LOST:
            content = b""
        plain = gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content
        return [orjson.loads(line) for line in plain.splitlines() if line.strip()]

    async def _get(self, path: str) -> Answer:
        return await self._insist(self._call("GET", path))

    async def _post(self, path: str, body: dict[str, Any]) -> Mapping[str, Any]:
        sent = self._call("POST", path, body=body, expected=frozenset({200, 201, 202}))
        return (await self._insist(sent)).body

    def _call(self, method: str, path: str, body: object = None, expected: frozenset[int] = OK) -> Call:
        url = self._address.admin + path
        return call("admin", method, url, self._headers, body=body, expected=expected)

    async def _insist(self, sent: Call) -> Answer:
        answer = await self._door.insist(sent)
        if answer.status not in (200, 201):
            raise CannotVisitError(_excuse(sent.method, str(sent.url), answer))
        return answer


def _server_now(made: Mapping[str, Any]) -> datetime:
    """The server's clock, read off an object it has just made."""
    created = moment(made.get("createdAt"))
    if created is None:
        message = "The Admin API answered an object without createdAt."
        raise CannotVisitError(message)
    return created


def _cursor(following: str | None) -> str:
    """The cursor in a list's next link, which may be a whole address or the bare cursor."""
    if not following:
        return ""
    return parse_qs(urlsplit(following).query).get("after", [following if "?" not in following else ""])[0]


def _excuse(method: str, url: str, answer: Answer) -> str:
    if answer.status == 0:
        return f"Nobody answers at {url}. Is the system up? Start it with `drumroll up`, or aim with --url."
    detail = answer.body.get("detail") or answer.body.get("title") or answer.body.get("text") or ""
    return f"{method} {url} answered {answer.status} {answer.code}: {detail} {list(answer.body.get('errors', []))}"
