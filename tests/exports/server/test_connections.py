"""What a server bears of its connections: peers that hang, that are slow, and that are many."""

import asyncio
import http.client
import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.responses import PlainTextResponse

from gantk_exports.server import bodies
from gantk_exports.server.connections import Crowd
from gantk_exports.server.guard import CROWDED, Guard
from gantk_exports.server.hosts import Hosts

Photo = Callable[..., bytes]
Serve = Callable[..., httpx.Client]
TRANSLATE = "/v1/models/a_to_b/translate"
HEAD = f"POST {TRANSLATE} HTTP/1.1\r\nHost: localhost\r\n".encode()


def talk(client: httpx.Client, text: bytes) -> bytes:
    """Return all that a server says to a client that sends a text and then nothing."""
    with socket.create_connection((client.base_url.host, client.base_url.port), timeout=20) as connection:
        connection.sendall(text)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_a_peer_that_hangs_is_let_go(serve: Serve) -> None:
    client = serve("a_to_b", seconds=0.5)
    hanging = talk(client, HEAD + b"Content-Length: 1000\r\n\r\nhalf")
    assert hanging.startswith(b"HTTP/1.1 408 ")
    assert "was not there after 0.5 s" in json.loads(hanging.partition(b"\r\n\r\n")[2])["detail"]
    assert talk(client, HEAD) == b""
    assert talk(client, b"") == b""
    unread = talk(client, HEAD + b"Content-Type: text/plain\r\nContent-Length: 1000\r\n\r\nhalf")
    assert unread.startswith(b"HTTP/1.1 415 ")


def test_a_connection_may_rest_between_requests(serve: Serve) -> None:
    client = serve("a_to_b", seconds=0.5)
    connection = http.client.HTTPConnection(client.base_url.host, client.base_url.port, timeout=20)
    for _ in range(2):
        connection.request("GET", "/healthz")
        resting = connection.sock
        assert connection.getresponse().read() == b'{"status":"ok"}'
        time.sleep(0.8)
    assert connection.sock is resting
    connection.close()


def test_who_does_not_take_an_answer_is_let_go(serve: Serve, tmp_path: Path) -> None:
    size, taken = 30_000_000, 0
    (tmp_path / "large.bin").write_bytes(bytes(size))
    client = serve("a_to_b", seconds=0.5, page=tmp_path)
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(20)
        connection.connect((client.base_url.host, client.base_url.port))
        connection.sendall(b"GET /large.bin HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert connection.recv(15) == b"HTTP/1.1 200 OK"
        time.sleep(2)
        with suppress(ConnectionResetError):
            while part := connection.recv(2**20):
                taken += len(part)
    assert taken < size


@contextmanager
def many(client: httpx.Client, count: int, text: bytes) -> Iterator[list[socket.socket]]:
    """Open so many connections, each of which says a text and no more."""
    with ExitStack() as stack:
        opened = []
        for _ in range(count):
            address = (client.base_url.host, client.base_url.port)
            opened.append(stack.enter_context(socket.create_connection(address, timeout=20)))
            opened[-1].sendall(text)
        yield opened


@pytest.mark.parametrize("text", [b"", b"GET / HTTP/1.1\r\nHost: loc", HEAD + b"Content-Length: 1000\r\n\r\nhalf"])
def test_many_that_say_half_of_what_they_want_keep_nobody_out(serve: Serve, photo: Photo, text: bytes) -> None:
    client = serve("a_to_b", queue=1)
    with many(client, 200, text) as opened:
        assert client.get("/healthz").status_code == 200
        assert client.post(TRANSLATE, content=photo()).status_code == 200
        # Whoever has waited longest had to go.
        with suppress(ConnectionResetError):
            assert opened[0].recv(1) == b""


class Peer:
    """A connection of a client, as a crowd sees it."""

    def __init__(self, peer: str) -> None:
        self.peer = peer
        self.transport = self
        self.aborted = False

    def abort(self) -> None:
        self.aborted = True


def test_the_client_that_keeps_most_waiting_loses_its_oldest() -> None:
    crowd, few = Crowd(4), [Peer("few") for _ in range(2)]
    many = [Peer("many") for _ in range(3)]
    for peer in (*few, *many):
        crowd.note(peer, waits=True)
    crowd.note(many[0], waits=False)
    crowd.note(few[0], waits=False)
    assert crowd.has_room(4)
    assert crowd.has_room(5)
    assert [peer.aborted for peer in (*few, *many)] == [False, False, False, True, False]
    crowd.note(few[1], waits=False)
    assert crowd.has_room(5)
    assert many[2].aborted
    assert not crowd.has_room(5)


def test_where_all_places_are_in_work_a_sign_of_life_is_given() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await PlainTextResponse("done")(scope, receive, send)

    async def asked(path: str) -> int:
        said: list[Any] = []

        async def send(message: Any) -> None:
            said.append(message)

        scope = {"type": "http", "method": "GET", "path": path, "headers": [(b"host", b"localhost")], CROWDED: True}
        await Guard(app, Hosts())(scope, lambda: None, send)
        return said[0]["status"]

    assert asyncio.run(asked("/healthz")) == 200
    assert asyncio.run(asked("/v1/models")) == 503


def test_a_body_keeps_a_pace(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "_PATIENCE", 0.3)
    client = serve("a_to_b")
    with socket.create_connection((client.base_url.host, client.base_url.port), timeout=20) as connection:
        connection.sendall(HEAD + b"Content-Length: 100000\r\n\r\n")
        with suppress(ConnectionError):
            for _ in range(20):
                connection.sendall(b"a few bytes")
                time.sleep(0.05)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"send it faster" in answer


def test_what_is_no_http_is_answered_like_all_else(serve: Serve) -> None:
    head, _, body = talk(serve("a_to_b"), b"\x00\x01\x02 what?\r\n\r\n").partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"frame-ancestors 'none'" in head
    assert "no HTTP request" in json.loads(body)["detail"]
