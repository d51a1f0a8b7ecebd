"""The server's application: routes, errors, token, page."""

import hmac
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from gantk import __version__
from gantk.errors import DataError, GantkError, UsageError
from gantk.runtime.model import Model
from gantk_exports.app import POLICY as PAGE_POLICY
from gantk_exports.server.guard import ALIVE, BROKEN, POLICY, Guard
from gantk_exports.server.hosts import Hosts
from gantk_exports.server.limits import Limits
from gantk_exports.server.openapi import POLICY as DOCS_POLICY
from gantk_exports.server.openapi import described, docs_page
from gantk_exports.server.refusal import Refusal
from gantk_exports.server.service import Service

_HINTS = {404: "there is nothing at {path}; GET /docs says what there is", 405: "{path} does not take {method}"}


def application(
    models: Mapping[str, Model],
    limits: Limits,
    *,
    token: str | None = None,
    page: Path | None = None,
    hosts: Hosts | None = None,
) -> FastAPI:
    """Return the application that serves models, by their names; its `state.service` is what does so.

    `token` is what clients must send (None: nothing), `page` the folder of the web app at `/` (None: there is none),
    `hosts` the names that it answers to (None: those of loopback).
    """
    service = Service(models, limits)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        service.start()
        yield
        service.close()

    made = FastAPI(title="gantk", version=__version__, docs_url=None, redoc_url=None, lifespan=lifespan)
    made.state.service = service
    _add_models(made, service, token)
    _add_rest(made)
    made.add_middleware(Guard, hosts=hosts or Hosts())
    _answer_errors(made)
    written: dict[str, Any] = {}

    def openapi() -> dict[str, Any]:
        if not written:
            written.update(described(made.routes, service, token is not None))
        return written

    made.openapi = openapi  # type: ignore[method-assign]
    if page is not None:
        # Not mounted: a mount at / would answer for the methods that other routes do not take.
        made.router.default = _Page(directory=page, html=True)
    return made


def _add_models(made: FastAPI, service: Service, token: str | None) -> None:
    """Add the routes under /v1, which want the token."""
    secured = [Depends(_guard(token))]

    @made.get("/v1/models", dependencies=secured, summary="List the models")
    async def models() -> dict[str, Any]:
        return {"models": service.listed()}

    @made.post("/v1/models/{name}/translate", dependencies=secured, summary="Translate an image")
    async def translate(name: str, request: Request) -> Response:
        return await service.translate(name, request)

    @made.post("/v1/models/{name}/generate", dependencies=secured, summary="Generate an image, or a sheet of several")
    async def generate(name: str, request: Request) -> Response:
        return await service.generate(name, request)

    @made.post("/v1/models/{name}/encode", dependencies=secured, summary="Give the vectors of an image")
    async def encode(name: str, request: Request) -> dict[str, Any]:
        return await service.measure(name, "encode", request)

    @made.post("/v1/models/{name}/score", dependencies=secured, summary="Give the number of an image")
    async def score(name: str, request: Request) -> dict[str, Any]:
        return await service.measure(name, "score", request)


def _add_rest(made: FastAPI) -> None:
    @made.get(ALIVE, summary="Say that the server lives")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @made.get("/docs", include_in_schema=False)
    async def docs(request: Request) -> HTMLResponse:
        # Where the client got through to, which is not what it says in its header Host.
        host, port = request.scope["server"]
        address = f"{request.url.scheme}://{f'[{host}]' if ':' in host else host}:{port}/"
        return HTMLResponse(docs_page(made.openapi(), address), headers={POLICY: DOCS_POLICY})


def _guard(token: str | None) -> Any:
    """Return what refuses requests without the token."""
    bearer, wanted = HTTPBearer(auto_error=False), (token or "").encode()

    async def guard(sent: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]) -> None:
        # Headers were decoded as Latin-1, whatever they held.
        known = sent is not None and hmac.compare_digest(sent.credentials.encode("latin-1"), wanted)
        if token is not None and not known:
            line = "this server wants a token: send the header Authorization: Bearer TOKEN"
            raise Refusal(401, line, {"WWW-Authenticate": "Bearer"})

    return guard


def _answer_errors(made: FastAPI) -> None:
    """Give all errors one form: what was wrong, and what to do, as `detail`."""

    @made.exception_handler(Refusal)
    async def refused(_: Request, refusal: Refusal) -> JSONResponse:
        return JSONResponse({"detail": refusal.detail}, refusal.status, refusal.headers)

    @made.exception_handler(HTTPException)
    async def routed(request: Request, error: HTTPException) -> JSONResponse:
        hint = _HINTS.get(error.status_code)
        detail = hint.format(path=request.url.path, method=request.method) if hint else error.detail
        return JSONResponse({"detail": detail}, error.status_code, error.headers)

    @made.exception_handler(GantkError)
    async def failed(_: Request, error: GantkError) -> JSONResponse:
        if isinstance(error, DataError | UsageError):
            return JSONResponse({"detail": str(error)}, 422)
        # It names the model's file, which is nobody's business outside.
        logging.getLogger("uvicorn.error").error("%s", error)
        return JSONResponse({"detail": BROKEN}, 500)


class _Page(StaticFiles):
    """The files of the web app, which may run what they bring."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        answer = await super().get_response(path, scope)
        answer.headers[POLICY] = f"{PAGE_POLICY}; frame-ancestors 'none'"
        return answer
