"""The organiser's side of a benchmark: the Admin API with a secret key, one call at a time."""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson


@dataclass(frozen=True, slots=True)
class Admin:
    """The Admin API of the gateway on `host:port`."""

    host: str
    port: int
    secret_key: str

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """What was decided. RuntimeError when it was refused, or not decided in time."""
        headers = {"Authorization": f"Bearer {self.secret_key}", "Content-Type": "application/json"}
        connection = http.client.HTTPConnection(self.host, self.port, timeout=30)
        try:
            connection.request("POST", f"/admin/api/v1{path}", orjson.dumps(dict(body)), headers)
            answer = connection.getresponse()
            told = answer.read()
        finally:
            connection.close()
        if answer.status not in (200, 201):
            raise RuntimeError(f"POST {path} was answered with {answer.status}: {told.decode()}")
        found: dict[str, Any] = orjson.loads(told)
        return found
