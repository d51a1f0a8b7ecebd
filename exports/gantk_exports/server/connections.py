"""The connections of a server: how long each may wait for its client, and which goes where there are too many."""

from collections import Counter
from typing import Any

import h11
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from gantk_exports.server.guard import CROWDED, HEADERS
from gantk_exports.server.limits import Limits

_SPARE = 64
"""Connections beyond the limit that are told so."""


class Crowd:
    """The connections that wait for their clients: for a request's head, its body, or the taking of its answer."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._waiting: dict[Bounded, None] = {}

    def note(self, connection: "Bounded", waits: bool) -> None:
        """Note whether a connection waits for its client."""
        if waits:
            self._waiting.setdefault(connection)
        else:
            self._waiting.pop(connection, None)

    def has_room(self, open_now: int) -> bool:
        """Return whether one of so many open connections has a place, for which another may have to go.

        Of the client that keeps most connections waiting it is the one that has waited longest. So whoever opens many
        and says nothing loses them, and whoever says what they want at once is heard.
        """
        if open_now <= self._most:
            return True
        busiest = Counter(one.peer for one in self._waiting).most_common(1)
        victim = next((one for one in self._waiting if busiest and one.peer == busiest[0][0]), None)
        if victim is None:
            return False
        self.note(victim, waits=False)
        victim.transport.abort()
        return True


class Bounded(H11Protocol):
    """A connection that ends where its peer takes too long for its part.

    That is the head of a request, the rest of a body that nobody reads any more, and the taking of an answer. A body
    that is read has the time limit of its request.
    """

    limits: Limits
    crowd: Crowd
    peer = ""
    reading: Any = None
    writing: Any = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.peer = self.client[0] if self.client else ""
        if not self.crowd.has_room(len(self.connections)):
            if len(self.connections) > self.limits.connections + _SPARE:
                transport.abort()
                return
            self.app = _crowded(self.app)
        self._note()
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_reading()
        self.resume_writing()
        self.crowd.note(self, waits=False)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:
            self._stop_reading()
        else:
            self._await_head()
        self._note()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._note()
        if self.conn.their_state is h11.SEND_BODY:
            self._await_head()

    def pause_writing(self) -> None:
        super().pause_writing()
        self.writing = self.writing or self.loop.call_later(self.limits.seconds, self.transport.abort)
        self._note()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self.writing is not None:
            self.writing.cancel()
            self.writing = None
            self._note()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP as everything is answered."""
        headers = {"content-type": "application/json", "connection": "close", **HEADERS}
        head = h11.Response(
            status_code=400,
            headers=[(name.encode(), value.encode()) for name, value in headers.items()],
            reason=b"Bad Request",
        )
        body = b'{"detail": "this is no HTTP request, or one with too long a head"}'
        for event in (head, h11.Data(data=body), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _note(self) -> None:
        resting = self.cycle is None or self.cycle.response_complete
        self.crowd.note(self, waits=resting or self.writing is not None or self.conn.their_state is h11.SEND_BODY)

    def _await_head(self) -> None:
        self.reading = self.reading or self.loop.call_later(self.limits.head_seconds, self.transport.abort)

    def _stop_reading(self) -> None:
        if self.reading is not None:
            self.reading.cancel()
            self.reading = None


def bounded(limits: Limits) -> type[Bounded]:
    """Return the protocol of a server with these limits."""
    return type("Bounded", (Bounded,), {"limits": limits, "crowd": Crowd(limits.connections)})


def _crowded(app: ASGIApp) -> ASGIApp:
    async def crowded(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, CROWDED: True}, receive, send)

    return crowded
