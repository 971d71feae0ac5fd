"""An organization of a house, and how its servers and visitors call."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import orjson
import requests

from tests.support.desk import Founded
from tests.support.servers import wait_until

Json = Any


@dataclass(frozen=True)
class Resident:
    """An organization with a pair of keys for each mode, and how its servers and visitors call."""

    url: str
    made: Founded
    slug: str
    secret: str
    publishable: str
    test_secret: str
    test_publishable: str
    session: requests.Session = field(default_factory=requests.Session)

    @property
    def as_server(self) -> dict[str, str]:
        """The headers of its server."""
        return {"Authorization": f"Bearer {self.secret}"}

    @property
    def as_visitor(self) -> dict[str, str]:
        """The headers of a stranger on its page."""
        return {"X-Publishable-Key": self.publishable}

    def as_person(self, token: str) -> dict[str, str]:
        """The headers of somebody who is known."""
        return self.as_visitor | {"Authorization": f"Bearer {token}"}

    def admin(self, method: str, path: str, json: Json = None, **headers: str) -> requests.Response:
        """A call of the Admin API with the secret key."""
        return self.call(method, f"/admin/api/v1{path}", json, self.as_server | headers)

    def visit(self, method: str, path: str, json: Json = None, **headers: str) -> requests.Response:
        """A call of the Consumer API with the publishable key."""
        return self.call(method, f"/consumer/api/v1{path}", json, self.as_visitor | headers)

    def call(self, method: str, path: str, json: Json, headers: Mapping[str, str]) -> requests.Response:
        """Any call."""
        return self.session.request(method, self.url + path, json=json, headers=dict(headers), timeout=40)

    def experience(self, **settings: Json) -> Json:
        """A published experience."""
        made = self.admin("POST", "/experiences", {"name": "Harvest"} | settings)
        assert made.status_code == 201, made.text
        published = self.admin("POST", f"/experiences/{made.json()['id']}/publish")
        assert published.status_code == 200, published.text
        return published.json()

    def queue(self, under: Json = None, **settings: Json) -> Json:
        """A queue of a published experience; open at once unless told otherwise."""
        sequence = (under or self.experience())["sequences"][0]["id"]
        body = {"sequenceId": sequence, "name": "Front row", "admitRate": 600_000} | settings
        made = self.admin("POST", "/queues", body)
        assert made.status_code == 201, made.text
        return made.json()

    def entered(self, queue: Json) -> Json:
        """The token set of a stranger who has joined the line."""
        made = self.visit("POST", f"/queues/{queue['id']}/enter", {}, **{"Idempotency-Key": strong_key()})
        assert made.status_code == 200, made.text
        return made.json()

    def draw(self, seconds: float = 3600.0, under: Json = None, **settings: Json) -> Json:
        """A draw of a published experience that takes place in so many seconds; open until then."""
        sequence = (under or self.experience())["sequences"][0]["id"]
        body = {"sequenceId": sequence, "name": "Raffle", "drawAt": soon(seconds), "winnerCount": 1} | settings
        made = self.admin("POST", "/draws", body)
        assert made.status_code == 201, made.text
        return made.json()

    def entrant(self, draw: Json, **said: Json) -> Json:
        """The token set of a stranger who takes part in a draw."""
        made = self.visit("POST", f"/draws/{draw['id']}/enter", said, **{"Idempotency-Key": strong_key()})
        assert made.status_code == 200, made.text
        return made.json()

    def enter(self, draw: Json, token: str, **said: Json) -> Json:
        """The state of somebody who is known and takes part in a draw."""
        place = f"/consumer/api/v1/draws/{draw['id']}/enter"
        made = self.call("POST", place, said, self.as_person(token))
        assert made.status_code == 200, made.text
        return made.json()

    def standing(self, draw: Json, token: str) -> Json:
        """Where somebody stands in a draw now."""
        looked = self.call("GET", f"/consumer/api/v1/draws/{draw['id']}/status", None, self.as_person(token))
        assert looked.status_code == 200, looked.text
        return looked.json()

    def selected(self, draw: Json) -> Json:
        """The draw once its first winners are all named."""
        wait_until(lambda: self.admin("GET", f"/draws/{draw['id']}").json()["winnersSelected"] > 0)
        wait_until(lambda: self.proof(draw)[-2]["step"]["type"] == "SELECTED")
        return self.admin("GET", f"/draws/{draw['id']}").json()

    def proof(self, draw: Json) -> list[Json]:
        """The lines of a draw's proof file."""
        found = self.visit("GET", f"/draws/{draw['id']}/proof/file")
        assert found.status_code == 200, found.text
        return [orjson.loads(line) for line in found.content.splitlines()]

    def draw_log(self) -> list[Json]:
        """The lines of the file of all draws."""
        found = self.visit("GET", "/draws/log/file")
        assert found.status_code == 200, found.text
        return [orjson.loads(line) for line in found.content.splitlines()]

    def state(self, queue: Json, token: str) -> Json:
        """Where somebody stands now."""
        looked = self.call("GET", f"/consumer/api/v1/queues/{queue['id']}/status", None, self.as_person(token))
        assert looked.status_code == 200, looked.text
        return looked.json()

    def granted(self, queue: Json) -> Json:
        """The state of a stranger whose turn has come, with the token set."""
        guest = self.entered(queue)
        wait_until(lambda: "admissionGrant" in self.state(queue, guest["accessToken"]))
        return guest | self.state(queue, guest["accessToken"])

    def guest(self) -> Json:
        """The token set of somebody new."""
        made = self.visit("POST", "/auth/guest")
        assert made.status_code == 201, made.text
        return made.json()


def soon(seconds: float) -> str:
    """A moment so many seconds from now, as it is written on the wire."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


def strong_key() -> str:
    """An Idempotency-Key that is as good as a password."""
    return f"{uuid4().hex}{uuid4().hex}"
