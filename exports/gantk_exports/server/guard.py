"""The guard before every request and answer: who may ask, and what a browser may make of it."""

import logging

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gantk_exports.server.hosts import Hosts, is_own

CROWDED = "gantk.crowded"
"""Set in the scope of a request on a connection that is one too many: no more than a sign of life is given."""

ALIVE = "/healthz"
"""The path of the sign of life."""

POLICY = "content-security-policy"
NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""What an answer may load and do in a browser, unless it says otherwise."""

HEADERS = {
    POLICY: NOTHING,
    # With these two a browser lets WebAssembly use threads.
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}

BROKEN = "the server failed at this; its log says how"
_READS = ("GET", "HEAD")
_OWN_SITE = ("same-origin", "none")


class Guard:
    """Refuses what may not ask, adds headers to every answer, and has one for whatever fails."""

    def __init__(self, app: ASGIApp, hosts: Hosts) -> None:
        self.app = app
        self.hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def sent(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                own = message.get("headers", [])
                said = {name.lower() for name, _ in own}
                added = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
                message["headers"] = [*own, *(pair for pair in added if pair[0] not in said)]
            await send(message)

        refused = self._refused(scope)
        try:
            await (refused or self.app)(scope, receive, sent)
        except Exception:
            logging.getLogger("uvicorn.error").exception("%s %s failed", scope["method"], scope["path"])
            if not started:
                await JSONResponse({"detail": BROKEN}, 500)(scope, receive, sent)

    def _refused(self, scope: Scope) -> JSONResponse | None:
        """Return the answer to a request that may not ask; None: it may."""
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not self.hosts.know(host):
            line = f"this server does not go by the name {host!r}: start it with --allow-host NAME if it should"
            return JSONResponse({"detail": line}, 421)
        if scope["method"] not in _READS and not _is_from_own_page(headers, host):
            line = "pages of other sites may not ask this server; put a proxy before it that lets them"
            return JSONResponse({"detail": line}, 403)
        if scope.get(CROWDED) and scope["path"] != ALIVE:
            line = "too many connections are open; try again in 5 s"
            return JSONResponse({"detail": line}, 503, {"Retry-After": "5", "Connection": "close"})
        return None


def _is_from_own_page(headers: Headers, host: str) -> bool:
    """Return whether a request comes from a page of this server, or from no page: those say nothing of themselves."""
    sites, origins = headers.getlist("sec-fetch-site"), headers.getlist("origin")
    return all(site in _OWN_SITE for site in sites) and all(is_own(origin, host) for origin in origins)
