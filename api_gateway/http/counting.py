"""Counts what the cold routes answer, by route and status, and lets no fault escape that was answered already."""

from __future__ import annotations

from typing import Final

from api_gateway.http.asgi import Asgi, Message, Receive, Scope, Send
from runtime import metrics

UNKNOWN: Final = "unknown"


class Counting:
    """Wraps the application of the cold routes."""

    def __init__(self, inner: Asgi) -> None:
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        status = 0

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._inner(scope, receive, noted)
        except Exception:
            if not status:
                raise
        finally:
            metrics.requests.labels(route_of(scope), status).inc()


def route_of(scope: Scope) -> str:
    """The route that answered, as its pattern: paths as they come are without end."""
    route = scope.get("route")
    pattern = getattr(route, "path_format", None) or getattr(route, "path", None)
    return f"{scope['method']} {scope.get('root_path', '')}{pattern}" if pattern else UNKNOWN
