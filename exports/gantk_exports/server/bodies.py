"""The bodies of requests, read within bounds."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Request
from python_multipart.exceptions import FormParserError
from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect

from gantk_exports.server.limits import Limits, Refusal

_FIELD = "image"
_ROOM = 2**16
"""Bytes that a form may have around its image."""


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
        try:
            async with asyncio.timeout_at(deadline):
                async for part in request.stream():
                    if len(body) + len(part) > most + room:
                        raise _too_large(most)
                    if self._held + len(part) > self._limits.bodies:
                        raise Refusal(429, "too much is being sent at once; try again", {"Retry-After": "1"})
                    self._held += len(part)
                    body += part
        except TimeoutError:
            late = f"the body was not there after {self._limits.seconds:g} s; send it faster, or less of it"
            raise Refusal(408, late, {"Connection": "close"}) from None
        except ClientDisconnect:
            raise Refusal(400, "the connection was closed") from None

    @asynccontextmanager
    async def image(self, request: Request, deadline: float) -> AsyncIterator[bytes]:
        """Give the image file that a request sends, as its body or as the field `image` of a form. Raises Refusal."""
        kind = request.headers.get("content-type", "application/octet-stream")
        plain = kind.partition(";")[0].strip().lower()
        form = plain == "multipart/form-data"
        if not (form or plain == "application/octet-stream" or plain.startswith("image/")):
            raise Refusal(
                415, f"a body of type {plain}: send an image/* type, application/octet-stream, or multipart/form-data"
            )
        async with self.read(request, self._limits.body, deadline, _ROOM if form else 0) as body:
            image = await _field(request.headers, body) if form else body
            if len(image) > self._limits.body:
                raise _too_large(self._limits.body)
            if not image:
                raise Refusal(422, "the image is empty (0 bytes); send the file's bytes")
            yield image


async def gone(request: Request) -> None:
    """Return when the client of a request, whose body was read, closes the connection."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _too_large(most: int) -> Refusal:
    return Refusal(413, f"a body of more than {most:,} bytes; send a smaller one")


async def _field(headers: Headers, body: bytes) -> bytes:
    """Return the file in a form's field `image`."""
    try:
        form = await MultiPartParser(headers, _once(body), max_files=1, max_fields=16).parse()
    except (MultiPartException, FormParserError) as error:
        raise Refusal(400, f"a broken form: {str(error).rstrip('.')}") from error
    found = form.get(_FIELD)
    try:
        if not isinstance(found, UploadFile):
            raise Refusal(422, f"the form has no file called {_FIELD}: curl -F {_FIELD}=@photo.jpg")
        return await found.read()
    finally:
        await form.close()


async def _once(body: bytes) -> AsyncGenerator[bytes, None]:
    yield body
