"""The server's socket, its connections, and its end."""

import asyncio
import logging
import math
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from threading import Event, Thread
from types import FrameType

import uvicorn
from fastapi import FastAPI

from gantk.errors import GantkError
from gantk_exports.server.connections import bounded
from gantk_exports.server.limits import Limits
from gantk_exports.server.logs import tidy_logs

_MORE = 2
"""Seconds that the end may take beyond the grace of requests, and once more where that does not do."""


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
    """Serve an application until SIGTERM or SIGINT; requests that are in work are finished within their grace.

    `started` is called once, when requests are taken; with `log`, each request is a line on standard output. SIGTERM
    raises SystemExit(0) then, SIGINT KeyboardInterrupt.
    """
    signal.signal(signal.SIGTERM, _leave)
    server = Server(app, limits, log=log, started=started)
    Thread(target=server.end_for_certain, name="gantk-end", daemon=True).start()
    server.run(sockets=[bound])


def _leave(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


class Server(uvicorn.Server):
    """Serves an application within limits, and says when it has started."""

    def __init__(self, app: FastAPI, limits: Limits, *, log: bool, started: Callable[[], None]) -> None:
        config = uvicorn.Config(
            app,
            http=bounded(limits),
            ws="none",
            lifespan="on",
            log_level="error",
            access_log=log,
            use_colors=False,
            server_header=False,
            timeout_graceful_shutdown=math.ceil(limits.grace) + _MORE,
        )
        if log:
            logging.getLogger("uvicorn.access").setLevel(logging.INFO)
        tidy_logs()
        super().__init__(config)
        self._grace = limits.grace
        self._end = app.state.service.end
        self._said = started
        self._signalled: Event = Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._said()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        asyncio.get_running_loop().call_later(self._grace, self._end)
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        self._signalled.set()

    def end_for_certain(self) -> None:
        """Wait for a signal, and end the process where it has not done so itself in time.

        What keeps it is an operator of a model, or of an image library, that cannot be stopped.
        """
        self._signalled.wait()
        time.sleep(self._grace + 2 * _MORE)
        sys.stdout.flush()
        os._exit(130 if signal.SIGINT in self._captured_signals else 0)
