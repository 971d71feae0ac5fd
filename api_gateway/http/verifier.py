"""The page that checks draws and openings in a browser: one file, which works from disk too and talks to nobody."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

PAGE: Final = Path(__file__).with_name("verify.html")
_SCRIPTS: Final = re.compile(r"<script[^>]*>(.*?)</script>", re.DOTALL)
_STYLES: Final = re.compile(r"<style>(.*?)</style>", re.DOTALL)


def verifier_routes() -> list[Route]:
    """The page, on every host and for everybody. It is read once."""
    text = PAGE.read_text()
    headers = {"Content-Security-Policy": policy(text), "Cache-Control": "public, max-age=300"}

    async def verifier(_: Request) -> Response:
        return HTMLResponse(text, headers=headers)

    return [Route("/verify", verifier)]


def policy(text: str) -> str:
    """What browsers let a page do: run its own scripts, one of them as a worker, look as it says, and nothing else."""
    rules = (
        "default-src 'none'", f"script-src {_hashes(_SCRIPTS, text)}", f"style-src {_hashes(_STYLES, text)}",
        "worker-src blob:", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
    )  # fmt: skip
    return "; ".join(rules)


def _hashes(pattern: re.Pattern[str], text: str) -> str:
    """The sources that mean exactly these texts, as CSP Level 3 writes them."""
    digests = (sha256(found.encode()).digest() for found in pattern.findall(text))
    return " ".join(f"'sha256-{b64encode(digest).decode()}'" for digest in digests)
