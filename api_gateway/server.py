"""Serves the gateway with uvicorn: `drumroll gateway`."""

from __future__ import annotations

import gc
import sys
from contextlib import suppress
from functools import partial
from typing import Any

import uvicorn

from api_gateway.connection import GatewayProtocol
from runtime.logging import configure
from runtime.preflight import NOT_STARTED, check, refuse
from runtime.settings import Settings
from store import database, preflight

GRACE_SECONDS = 10


def run(settings: Settings) -> None:
    """Serve until a signal; requests in hand are finished first. SystemExit with status 2: not on these servers."""
    configure(settings.log_level)
    check(settings, partial(preflight.of_role, settings.database_url, database.GATEWAY))
    if reasons := preflight.of_replica(settings.database_url, settings.reads_database_url):
        refuse(reasons)
    serve("api_gateway.app:app", settings.host, settings.port, factory=True)


def serve(application: Any, host: str, port: int, *, factory: bool = False) -> None:
    """Serve an application the way gateways are served, until a signal. SystemExit with status 3: it did not start."""
    gc.set_threshold(20_000, 50, 50)
    sys.setswitchinterval(0.0005)
    server = uvicorn.Server(config(application, host, port, factory=factory))
    with suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        sys.exit(NOT_STARTED)


def config(application: Any, host: str = "127.0.0.1", port: int = 0, *, factory: bool = False) -> uvicorn.Config:
    """How gateways are served. The application puts into its lifespan's state who may come in (`connection.DOOR`)."""
    return uvicorn.Config(
        application, factory=factory, host=host, port=port, loop="uvloop", http=GatewayProtocol,
        ws="none", lifespan="on", access_log=False, log_config=None, server_header=False, date_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS, timeout_keep_alive=75, backlog=4096, proxy_headers=False,
    )  # fmt: skip
