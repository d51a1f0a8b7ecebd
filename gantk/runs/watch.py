"""The report of runs on loopback, which renews itself while they are trained."""

import json
import re
from collections.abc import Sequence
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from time import monotonic
from urllib.parse import urlsplit

from gantk.errors import GantkError
from gantk.runs.page import assembled
from gantk.runs.report import news
from gantk.runs.run import Run

HOST = "127.0.0.1"

APART = 2.0
"""Seconds for which what was read of the runs is said again, whoever asks."""

_PREVIEW = re.compile(r"/(\d{1,4})/(\d{1,12})\.png", re.ASCII)
_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}


def watching(runs: Sequence[Run], port: int = 0) -> ThreadingHTTPServer:
    """Return a server of the report of runs, which listens on loopback alone; 0 is any free port.

    Raises GantkError where the runs cannot be read, or nothing can listen there.
    """
    watched = _Watched(runs)
    watched.news()

    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def handle(self) -> None:
            # Who has left needs no answer.
            with suppress(ConnectionError):
                super().handle()

        def do_GET(self) -> None:
            status, kind, body = self._answer()
            self.send_response(status)
            for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **_HEADERS}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def _answer(self) -> tuple[HTTPStatus, str, bytes]:
            # A page elsewhere can have its own name resolve to loopback, but then asks by that name.
            if urlsplit(f"//{self.headers.get('Host', '')}").hostname not in (HOST, "localhost"):
                return HTTPStatus.FORBIDDEN, "text/plain", b"this is no name of loopback"
            try:
                if self.path == "/":
                    return HTTPStatus.OK, "text/html; charset=utf-8", watched.page()
                if self.path == "/report.json":
                    return HTTPStatus.OK, "application/json", json.dumps(watched.news()).encode()
                return HTTPStatus.OK, "image/png", watched.preview(self.path)
            except GantkError as error:
                return HTTPStatus.OK, "application/json", json.dumps({"error": str(error)}).encode()
            except (OSError, LookupError):
                return HTTPStatus.NOT_FOUND, "text/plain", b"there is nothing of that name"

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (as the base class has it)
            """Say nothing of each request."""

    try:
        return ThreadingHTTPServer((HOST, port), Handler)
    except OSError as error:
        raise GantkError(f"cannot listen on {HOST}:{port}: {error.strerror}; say another --port") from error


class _Watched:
    """Runs as they are read again and again, by one request at a time."""

    def __init__(self, runs: Sequence[Run]) -> None:
        self._runs = runs
        self._lock = Lock()
        self._read = 0.0
        self._news: dict[str, object] = {}

    def news(self) -> dict[str, object]:
        with self._lock:
            if not self._news or monotonic() - self._read >= APART:
                self._news = news(self._runs, lambda number, step: f"{number}/{step}.png")
                self._read = monotonic()
            return self._news

    def page(self) -> bytes:
        return assembled(self.news()).encode()

    def preview(self, path: str) -> bytes:
        """Return a preview. Raises LookupError and OSError where there is none."""
        if (found := _PREVIEW.fullmatch(path)) is None:
            raise LookupError(path)
        folder = self._runs[int(found[1])].path / "previews"
        return (folder / f"{int(found[2]):06d}.png").read_bytes()
