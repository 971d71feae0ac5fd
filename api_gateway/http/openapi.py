"""The OpenAPI documents: generated from the routes, one for each API."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from api_gateway.http.told import BODIES
from api_gateway.shapes.common import Operation, Problem

_SECURITY: Final = {
    "publishableKey": {"type": "apiKey", "in": "header", "name": "X-Publishable-Key"},
    "accessToken": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    "secretKey": {"type": "http", "scheme": "bearer", "bearerFormat": "dr_sk_"},
}
_NOT_OURS: Final = ("HTTPValidationError", "ValidationError")
_REFERENCE: Final = "#/components/schemas/{model}"


def described(app: FastAPI, version: str, base: str) -> dict[str, Any]:
    """The document of an API that is served under `base`."""
    document = get_openapi(
        title=app.title, version=version, openapi_version="3.1.0", description=app.description, routes=app.routes
    )
    document["servers"] = [{"url": base}]
    components = document.setdefault("components", {})
    components["securitySchemes"] = _SECURITY
    schemas = components.setdefault("schemas", {})
    schemas |= _schemas(BODIES.values(), "validation") | _schemas((Problem, Operation), "serialization")
    for unused in _NOT_OURS:
        schemas.pop(unused, None)
    for told in (told for methods in document["paths"].values() for told in methods.values()):
        if _NOT_OURS[0] in str(told["responses"].get("422")):
            del told["responses"]["422"]
    return document


def _schemas(models: Iterable[type[BaseModel]], mode: Any) -> dict[str, Any]:
    _, definitions = models_json_schema([(model, mode) for model in models], ref_template=_REFERENCE)
    found: dict[str, Any] = definitions.get("$defs", {})
    return found
