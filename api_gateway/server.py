"""Serves the gateway with uvicorn: `drumroll gateway`."""

from __future__ import annotations

import gc
import sys

import uvicorn

from runtime.logging import configure
from runtime.settings import Settings

GRACE_SECONDS = 10


def run(settings: Settings) -> None:
    """Serve until a signal; requests in hand are finished first."""
    configure(settings.log_level)
    gc.freeze()
    gc.set_threshold(20_000, 50, 50)
    sys.setswitchinterval(0.0005)
    uvicorn.run(
        "api_gateway.app:app", factory=True, host=settings.host, port=settings.port, loop="uvloop", http="httptools",
        ws="none", lifespan="on", access_log=False, log_config=None, server_header=False, date_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS, timeout_keep_alive=75, backlog=4096, proxy_headers=False,
    )  # fmt: skip
