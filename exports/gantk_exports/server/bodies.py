"""The bodies of requests, read within bounds."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Request
from starlette.requests import ClientDisconnect

from gantk_exports.server.limits import Limits
from gantk_exports.server.refusal import Refusal

_ROOM = 2**16
"""Bytes that a form may have around its image."""

_PATIENCE = 10.0
"""Seconds that a body may be behind its slowest pace."""

_PACE = 2**14
"""Bytes a second that a body has at the slowest."""


class Bodies:
    """Reads bodies, each up to its limit, and all that are held at a time up to theirs."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._held = 0

    @asynccontextmanager
    async def read(self, request: Request, most: int, deadline: float, room: int = 0) -> AsyncIterator[bytes]:
        """Give a request's body of up to `most` bytes and some room, which is held until the context ends.

        Raises Refusal where it is too large or late.
        """
        declared = request.headers.get("content-length", "")
        if declared.isdecimal() and int(declared) > most + room:
            raise _too_large(most)
        body = bytearray()
        try:
            await self._collect(request, body, most, deadline, room)
            yield bytes(body)
        finally:
            self._held -= len(body)

    async def _collect(self, request: Request, body: bytearray, most: int, deadline: float, room: int) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            async with asyncio.timeout_at(min(deadline, began + _PATIENCE)) as timeout:
                async for part in request.stream():
                    if len(body) + len(part) > most + room:
                        raise _too_large(most)
                    if self._held + len(part) > self._limits.bodies:
                        raise Refusal(429, "too much is being sent at once; try again", {"Retry-After": "1"})
                    self._held += len(part)
                    body += part
                    if not timeout.expired():
                        timeout.reschedule(min(deadline, began + _PATIENCE + len(body) / _PACE))
        except TimeoutError:
            late = f"the body was not there after {loop.time() - began:.1f} s; send it faster, or less of it"
            raise Refusal(408, late, {"Connection": "close"}) from None
        except ClientDisconnect:
            raise Refusal(400, "the connection was closed") from None

    @asynccontextmanager
    async def image(self, request: Request, deadline: float) -> AsyncIterator[tuple[str, bytes]]:
        """Give the type and the body of a request that sends an image, as its body or in a form. Raises Refusal."""
        kind = request.headers.get("content-type", "application/octet-stream")
        plain = kind.partition(";")[0].strip().lower()
        form = plain == "multipart/form-data"
        if not (form or plain == "application/octet-stream" or plain.startswith("image/")):
            raise Refusal(
                415, f"a body of type {plain}: send an image/* type, application/octet-stream, or multipart/form-data"
            )
        async with self.read(request, self._limits.body, deadline, _ROOM if form else 0) as body:
            yield kind, body


async def gone(request: Request) -> None:
    """Return when the client of a request, whose body was read, closes the connection."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _too_large(most: int) -> Refusal:
    return Refusal(413, f"a body of more than {most:,} bytes; send a smaller one")
