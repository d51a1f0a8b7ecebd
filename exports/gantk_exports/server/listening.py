"""The server's socket, its connections, and its end."""

import asyncio
import logging
import math
import signal
import socket
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import h11
import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

from gantk.errors import GantkError
from gantk_exports.server.limits import Limits

_GRACE = 5
"""Seconds that the end may take beyond the time limit of a request."""


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens; port 0 is a free one. Raises GantkError where it cannot."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        bound = socket.socket(family, kind, protocol)
        # The port is there again as soon as a server ended; on Windows this would let two servers have one.
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0 if sys.platform == "win32" else 1)
        bound.bind(address)
        bound.listen(2048)
    except OSError as error:
        reason = error.strerror or str(error)
        raise GantkError(f"cannot listen on {host}, port {port}: {reason}; choose another --port or --host") from error
    return bound


def address(bound: socket.socket) -> str:
    """Return the URL of what listens on a socket."""
    host, port = bound.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"


def run(app: FastAPI, bound: socket.socket, limits: Limits, *, log: bool, started: Callable[[], None]) -> None:
    """Serve an application until SIGTERM or SIGINT; requests that are in work are finished.

    `started` is called once, when requests are taken; with `log`, each request is a line on standard output. SIGTERM
    raises SystemExit(0) then, SIGINT KeyboardInterrupt.
    """
    signal.signal(signal.SIGTERM, _leave)
    Server(app, limits, log=log, started=started).run(sockets=[bound])


def _leave(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


class Server(uvicorn.Server):
    """Serves an application within limits, and says when it has started."""

    def __init__(self, app: FastAPI, limits: Limits, *, log: bool, started: Callable[[], None]) -> None:
        config = uvicorn.Config(
            app,
            http=bounded(limits.seconds),
            ws="none",
            lifespan="on",
            log_level="error",
            access_log=log,
            server_header=False,
            limit_concurrency=limits.connections,
            timeout_graceful_shutdown=math.ceil(limits.seconds) + _GRACE,
        )
        if log:
            logging.getLogger("uvicorn.access").setLevel(logging.INFO)
        super().__init__(config)
        self._said = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._said()


def bounded(seconds: float) -> type[H11Protocol]:
    """Return a protocol that closes connections whose peer takes longer than `seconds` for its part.

    That is the head of a request, the rest of a body that nobody reads any more, and the taking of an answer. A body
    that is read has the time limit of its request.
    """

    class Bounded(H11Protocol):
        reading: asyncio.TimerHandle | None = None
        writing: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._await_head()

        def connection_lost(self, exc: Exception | None) -> None:
            self._stop_reading()
            self.resume_writing()
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self.cycle is not None and not self.cycle.response_complete:
                self._stop_reading()
            else:
                self._await_head()

        def on_response_complete(self) -> None:
            super().on_response_complete()
            if self.conn.their_state is h11.SEND_BODY:
                self._await_head()

        def pause_writing(self) -> None:
            super().pause_writing()
            self.writing = self.writing or self.loop.call_later(seconds, self.transport.abort)

        def resume_writing(self) -> None:
            super().resume_writing()
            if self.writing is not None:
                self.writing.cancel()
                self.writing = None

        def _await_head(self) -> None:
            self.reading = self.reading or self.loop.call_later(seconds, self.transport.abort)

        def _stop_reading(self) -> None:
            if self.reading is not None:
                self.reading.cancel()
                self.reading = None

    return Bounded
