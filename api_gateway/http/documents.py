"""Pages for people: what a problem means, and what an API offers. Plain HTML, nothing from anywhere else."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping
from typing import Any, Final

from starlette.responses import HTMLResponse

_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
_STYLE: Final = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}"
    "code,pre{font-family:ui-monospace,monospace;background:#f4f4f4}pre{padding:.7rem;overflow:auto}"
    "h2{border-top:1px solid #ddd;padding-top:1.2rem;margin-top:2rem}.m{font-weight:700}"
    "td,th{text-align:left;vertical-align:top;padding:.15rem .8rem .15rem 0}"
)


def page(title: str, body: str, *, status: int = 200) -> HTMLResponse:
    """A page of ours. `body` is HTML."""
    text = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style>'
        f"<body><h1>{html.escape(title)}</h1>{body}"
    )
    headers = {"Content-Security-Policy": _POLICY, "Cache-Control": "public, max-age=300"}
    return HTMLResponse(text, status, headers)


def problem_page(code: str, status: int, title: str) -> HTMLResponse:
    """What a problem's code means."""
    said = f"<p>{html.escape(title)}.</p><p>Answered with status <code>{status}</code>.</p>"
    again = status in {429, 503}
    hint = "Send the call again after Retry-After seconds." if again else "The same call again will say the same."
    return page(code, f"{said}<p>{hint}</p>")


def reference_page(document: Mapping[str, Any]) -> HTMLResponse:
    """An API's reference, from its OpenAPI document."""
    parts = [f"<p>{html.escape(document['info'].get('description', ''))}</p>"]
    parts.append('<p>The same, for machines: <a href="openapi.json">openapi.json</a>.</p>')
    for path, methods in document["paths"].items():
        parts += [_operation(path, method, told) for method, told in methods.items()]
    return page(document["info"]["title"], "".join(parts))


def _operation(path: str, method: str, told: Mapping[str, Any]) -> str:
    heading = f'<h2><span class="m">{method.upper()}</span> <code>{html.escape(path)}</code></h2>'
    who = " or ".join(" and ".join(one) for one in told.get("security", ())) or "nobody in particular"
    about = f"<p>{html.escape(told.get('description', told.get('summary', '')))}</p><p>Who: {html.escape(who)}</p>"
    return heading + about + _parameters(told.get("parameters", ())) + _body(told) + _answers(told["responses"])


def _parameters(parameters: Iterable[Mapping[str, Any]]) -> str:
    rows = "".join(
        f"<tr><td><code>{html.escape(one['name'])}</code><td>{one['in']}<td>{html.escape(one.get('description', ''))}"
        for one in parameters
    )
    return f"<table><tr><th>Parameter<th>In<th>Meaning{rows}</table>" if rows else ""


def _body(told: Mapping[str, Any]) -> str:
    schema = told.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    name = schema.get("$ref", "").rpartition("/")[2]
    return f"<p>Body: <code>{html.escape(name)}</code></p>" if name else ""


def _answers(responses: Mapping[str, Any]) -> str:
    rows = "".join(
        f"<tr><td><code>{status}</code><td>{html.escape(one.get('description', ''))}"
        for status, one in responses.items()
    )
    return f"<table><tr><th>Status<th>Answer{rows}</table>"
