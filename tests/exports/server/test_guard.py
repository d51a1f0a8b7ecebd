"""Whom a server answers, and what a browser may make of its answers."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from gantk.errors import UsageError
from gantk_exports.server.guard import Guard
from gantk_exports.server.hosts import Hosts

TRANSLATE = "/v1/models/a_to_b/translate"


@pytest.mark.parametrize(
    ("host", "more", "known", "foreign"),
    [
        (
            "127.0.0.1",
            [],
            ["localhost", "LOCALHOST:8000", "127.0.0.1:80", "127.9.9.9", "[::1]:9", "localhost.", "[::ffff:127.0.0.1]"],
            [
                "",
                "evil.example",
                "localhost.evil.example",
                "127.0.0.1.evil.example",
                "10.0.0.7",
                "::1",
                "0.0.0.0",
                "a b",
            ],
        ),
        ("localhost", [], ["localhost:8000", "127.0.0.1"], ["evil.example:8000", "localhost:8000:8000", "localhost/x"]),
        ("192.168.1.5", [], ["192.168.1.5:8000", "localhost"], ["192.168.1.6:8000", "evil.example"]),
        ("studio.local", [], ["studio.local:8000"], ["local", "x.studio.local"]),
        ("0.0.0.0", [], ["192.168.1.5:8000", "[fe80::1]:8000", "localhost"], ["evil.example"]),
        ("::", [], ["10.1.2.3", "[2001:db8::1]"], ["evil.example"]),
        (
            "127.0.0.1",
            ["A.example", "*.b.example"],
            ["a.example", "x.b.example:1", "x.y.b.example"],
            ["b.example", "xb.example"],
        ),
        ("127.0.0.1", ["bücher.example"], ["xn--bcher-kva.example"], ["bucher.example"]),
        ("127.0.0.1", ["*"], ["whatever.example"], ["no name"]),
    ],
)
def test_a_server_goes_by_the_names_it_was_started_for(
    host: str, more: list[str], known: list[str], foreign: list[str]
) -> None:
    hosts = Hosts(host, more)
    assert [name for name in known if not hosts.know(name)] == []
    assert [name for name in foreign if hosts.know(name)] == []


@pytest.mark.parametrize("name", ["https://a.example", "a.example:80", "a b", "", "*.", "a.example/x"])
def test_what_is_no_name_is_said(name: str) -> None:
    with pytest.raises(UsageError, match="say a name such as"):
        Hosts("127.0.0.1", [name])


@pytest.mark.parametrize("path", ["/", "/healthz", "/docs", "/openapi.json", "/v1/models", TRANSLATE])
def test_a_name_that_points_here_from_elsewhere_reaches_nothing(client: httpx.Client, path: str) -> None:
    host = f"evil.example:{client.base_url.port}"
    for method in ("GET", "POST", "HEAD", "OPTIONS"):
        answer = client.request(method, path, headers={"Host": host, "Origin": f"http://{host}"})
        assert answer.status_code == 421
    assert "--allow-host" in client.get(path, headers={"Host": host}).json()["detail"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:1"},
        {"Origin": "http://[::1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"},
    ],
)
def test_pages_of_other_sites_may_not_ask(
    client: httpx.Client, photo: Callable[..., bytes], headers: dict[str, str]
) -> None:
    for method in ("POST", "OPTIONS"):
        wanted = {"Access-Control-Request-Method": "POST"} if method == "OPTIONS" else {}
        answer = client.request(method, TRANSLATE, content=photo(), headers={**headers, **wanted})
        assert (answer.status_code, "pages of other sites" in answer.text) == (403, True)
        assert not [name for name in answer.headers if name.startswith("access-control")]


def test_a_page_of_its_own_may_ask(client: httpx.Client, photo: Callable[..., bytes]) -> None:
    own = str(client.base_url).rstrip("/")
    for headers in ({"Origin": own}, {"Origin": own, "Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}):
        assert client.post(TRANSLATE, content=photo(), headers=headers).status_code == 200
    behind = {"Host": "localhost", "Origin": "https://localhost"}
    assert client.post(TRANSLATE, content=photo(), headers=behind).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status", "policy"),
    [
        ("GET", "/", 200, "default-src 'self'; script-src 'self' 'wasm-unsafe-eval';"),
        ("GET", "/run.mjs", 200, "default-src 'self'; script-src 'self' 'wasm-unsafe-eval';"),
        ("GET", "/docs", 200, "default-src 'none'; style-src 'sha256-"),
        ("GET", "/openapi.json", 200, "default-src 'none'; base"),
        ("GET", "/healthz", 200, "default-src 'none'; base"),
        ("GET", "/nothing", 404, "default-src 'none'; base"),
        ("DELETE", "/healthz", 405, "default-src 'none'; base"),
        ("POST", TRANSLATE, 422, "default-src 'none'; base"),
    ],
)
def test_each_answer_says_what_a_browser_may_do_with_it(
    client: httpx.Client, method: str, path: str, status: int, policy: str
) -> None:
    answer = client.request(method, path)
    assert answer.status_code == status
    assert answer.headers.get_list("content-security-policy")[0].startswith(policy)
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"


def test_the_documentation_repeats_no_name_that_a_client_says(client: httpx.Client) -> None:
    page = client.get("/docs", headers={"Host": "localhost:1"}).text
    assert "localhost" not in page
    assert f"curl {client.base_url}v1/models" in page


def test_what_fails_in_the_server_is_said_without_how(caplog: pytest.LogCaptureFixture) -> None:
    async def broken(*_: Any) -> None:
        raise ValueError("a secret")

    transport = httpx.ASGITransport(Guard(broken, Hosts()))

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as made:
            return await made.get("/any")

    answer = asyncio.run(ask())
    assert (answer.status_code, answer.json()) == (500, {"detail": "the server failed at this; its log says how"})
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    (record,) = (record for record in caplog.records if record.name == "uvicorn.error")
    assert record.getMessage() == "GET /any failed"
    assert "a secret" in str(record.exc_info)
