"""Everything that is served besides the hot routes: two APIs with a document each, and what no API owns."""

from __future__ import annotations

from typing import Any, Final

import orjson
from fastapi import APIRouter, FastAPI
from starlette.responses import Response

from api_gateway.admin import consumers, draws, entrants, measures, organization, participations, queues, sequences
from api_gateway.admin import experiences as kept_experiences
from api_gateway.consumer import auth, experiences, people, streams
from api_gateway.consumer import draws as drawing
from api_gateway.consumer import queues as waiting
from api_gateway.context import Gateway
from api_gateway.http import actions
from api_gateway.http.answers import PUBLIC
from api_gateway.http.asgi import Asgi
from api_gateway.http.briefly import Briefly
from api_gateway.http.call import ADMIN_READS, ANYBODY_READS, PUBLIC_READS
from api_gateway.http.counting import Counting
from api_gateway.http.documents import reference_page
from api_gateway.http.draw_proofs import draw_proof_router
from api_gateway.http.draw_record import draw_record_router
from api_gateway.http.faults import tell_faults
from api_gateway.http.health import health_routes
from api_gateway.http.openapi import described
from api_gateway.http.operations import operation_router
from api_gateway.http.proofs import proof_router
from api_gateway.http.told import ANYBODY, PUBLISHABLE, SECRET
from api_gateway.http.verifier import verifier_routes
from api_gateway.live.looks import Looks

VERSION: Final = "1"
CONSUMER_BASE, ADMIN_BASE = "/consumer/api/v1", "/admin/api/v1"


def site(gateway: Gateway, looks: Looks) -> Asgi:
    """The application behind the hot routes."""
    root = _application(gateway, "Drumroll", "")
    root.router.routes.extend([*health_routes(), *verifier_routes()])
    root.mount(CONSUMER_BASE, consumer_api(gateway, looks))
    root.mount(ADMIN_BASE, admin_api(gateway, looks))
    return Counting(root)


def consumer_api(gateway: Gateway, looks: Looks) -> FastAPI:
    """The Consumer API: people, their pages, and the shops' servers."""
    api = _application(gateway, "Drumroll Consumer API", "What people, their pages and the shops' servers may ask.")
    api.state.looks = looks
    _include(
        api, auth.router, people.router, experiences.router, waiting.router,
        draw_record_router(PUBLIC_READS, PUBLISHABLE), drawing.router, streams.router,
        proof_router(PUBLIC_READS, PUBLISHABLE, published_only=True),
        draw_proof_router(PUBLIC_READS, PUBLISHABLE, published_only=True),
        actions.router, operation_router(ANYBODY_READS, ANYBODY),
    )  # fmt: skip
    return _documented(api, CONSUMER_BASE)


def admin_api(gateway: Gateway, looks: Looks) -> FastAPI:
    """The Admin API: an organization's servers."""
    api = _application(gateway, "Drumroll Admin API", "What an organization's servers may ask, with a secret key.")
    api.state.looks = looks
    _include(
        api, kept_experiences.router, sequences.router, queues.router, participations.router, consumers.router,
        measures.router, draw_record_router(ADMIN_READS, SECRET), draws.router, entrants.router,
        draw_proof_router(ADMIN_READS, SECRET, published_only=False),
        proof_router(ADMIN_READS, SECRET, published_only=False), actions.router, organization.router,
        operation_router(ADMIN_READS, SECRET),
    )  # fmt: skip
    return _documented(api, ADMIN_BASE)


def _application(gateway: Gateway, title: str, description: str) -> FastAPI:
    app = FastAPI(
        title=title, description=description, version=VERSION, openapi_url=None, docs_url=None, redoc_url=None,
        redirect_slashes=False,
    )  # fmt: skip
    app.state.gateway, app.state.briefly = gateway, Briefly(gateway.clock)
    tell_faults(app)
    return app


def _include(api: FastAPI, *routers: APIRouter) -> None:
    for router in routers:
        api.include_router(router)


def _documented(api: FastAPI, base: str) -> FastAPI:
    """The API with its own document, for machines and for people."""
    document = described(api, VERSION, base)

    @api.get("/openapi.json", include_in_schema=False)
    async def openapi() -> Response:
        return _json(document)

    @api.get("/docs", include_in_schema=False)
    async def docs() -> Response:
        return reference_page(document)

    return api


def _json(document: dict[str, Any]) -> Response:
    return Response(orjson.dumps(document), headers={"Content-Type": "application/json", "Cache-Control": PUBLIC})
