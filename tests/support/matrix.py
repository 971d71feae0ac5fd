"""Every place of both APIs where an id can be said, read from their documents, so that a new route is there by itself."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import requests

Json = Any
BASES = ("/consumer/api/v1", "/admin/api/v1")
TOKENS = {"admissionGrant": "grant", "refreshToken": "refresh_token"}
NOBODYS_BUSINESS = {"orderId"}
"""Names that end like ids and are the caller's own words."""


class Place(NamedTuple):
    """A place in a call that names a thing: `where` is path, query or body; `thing` is what it names."""

    method: str
    path: str
    where: str
    name: str
    thing: str
    security: tuple[frozenset[str], ...]
    body: Json

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.where}:{self.name}"

    def opens_for(self, credentials: frozenset[str]) -> bool:
        """Whether these credentials are among those that the document asks for."""
        return any(choice <= credentials for choice in self.security)

    def about(self, own: Mapping[str, str], wanted: str) -> tuple[str, Json, dict[str, str]]:
        """Path, body and query of a call that says `wanted` here, and what is the caller's own everywhere else."""
        told = {snake(name): own.get(snake(name), "x") for name in re.findall(r"{(\w+)}", self.path)}
        body = self.body if self.body is None else {**self.body, **{k: own[t] for k, t in _things(self.body)}}
        if self.where == "path":
            told[snake(self.name)] = wanted
        elif self.where == "body":
            body = {**body, self.name: wanted}
        path = re.sub(r"{(\w+)}", lambda found: told[snake(found[1])], self.path)
        return path, body, {self.name: wanted} if self.where == "query" else {}


def places(url: str) -> list[Place]:
    """Every place of every route of both documents."""
    documents = {base: requests.get(f"{url}{base}/openapi.json", timeout=10).json() for base in BASES}
    return [
        place
        for base, document in documents.items()
        for path, methods in document["paths"].items()
        for method, told in methods.items()
        for place in _places(document, method.upper(), base + path, told)
    ]


def _places(document: Json, method: str, path: str, told: Json) -> Iterator[Place]:
    schema = told.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    shape = None if schema is None else resolved(document, schema)
    security = tuple(frozenset(choice) for choice in told["security"])
    body = None if shape is None else sample(document, shape)
    said = [("path", name) for name in re.findall(r"{(\w+)}", path)]
    said += [("query", one["name"]) for one in told.get("parameters", ()) if one["in"] == "query"]
    said += [("body", name) for name in (shape or {}).get("properties", ())]
    for where, name in said:
        if where == "path" or names_a_thing(name):
            yield Place(method, path, where, name, TOKENS.get(name, snake(name)), security, body)


def names_a_thing(name: str) -> bool:
    """Whether a member or parameter of this name says which thing is meant."""
    return name in TOKENS or (name.endswith("Id") and name not in NOBODYS_BUSINESS)


def sample(document: Json, schema: Json) -> Json:
    """The least that a schema takes."""
    schema = resolved(document, schema)
    if "enum" in schema or "const" in schema:
        return schema.get("const", next(iter(schema.get("enum", ())), None))
    if "anyOf" in schema:
        return sample(document, schema["anyOf"][0])
    made: dict[str, Json] = {
        "string": "x" * max(1, schema.get("minLength", 1)), "integer": max(60, schema.get("minimum", 0)), "number": 60,
        "boolean": True, "array": [], "null": None,
    }  # fmt: skip
    if "examples" in schema:
        return schema["examples"][0]
    if schema.get("format") == "date-time":
        return "2030-01-01T00:00:00Z"
    if schema.get("type", "object") == "object":
        members = schema.get("properties", {})
        return {name: sample(document, members[name]) for name in schema.get("required", ())}
    return made[schema["type"]]


def resolved(document: Json, schema: Json) -> Json:
    """A schema, or the one that it refers to."""
    found = schema.get("$ref")
    return schema if found is None else document["components"]["schemas"][found.rpartition("/")[2]]


def snake(name: str) -> str:
    """`queueId` and `queue_id` as `queue_id`."""
    return re.sub(r"(?<=[a-z])([A-Z])", r"_\1", name).lower()


def _things(body: Mapping[str, Json]) -> list[tuple[str, str]]:
    return [(name, TOKENS.get(name, snake(name))) for name in body if names_a_thing(name)]
