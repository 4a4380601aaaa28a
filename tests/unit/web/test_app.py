"""All addresses: who may, in what shape, and what the others get."""

from __future__ import annotations

import pytest

from cursor_api.web.app import WebOptions
from tests.house import BEARER, KEY, House
from tests.serving import ask, serve

CHAT_BODY = b'{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}]}'


@pytest.mark.parametrize("path", ["/nowhere", "/v1", "/v1/chat", "//v1/models", "/v1/models/"])
async def test_a_wrong_address_is_an_openai_404(path: str) -> None:
    """Not the framework's own error page."""
    async with serve(House().app) as port:
        answer = await ask(port, "GET", path)
    assert answer.status == 404
    assert set(answer.json()["error"]) == {"message", "type", "param", "code"}
    assert "x-request-id" in answer.headers


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [("POST", "/v1/models", {}), ("DELETE", "/", {}), ("GET", "/v1/chat/completions", BEARER)],
)
async def test_a_wrong_method_is_an_openai_405(
    method: str, path: str, headers: dict[str, str]
) -> None:
    """It says which method is right."""
    async with serve(House().app) as port:
        answer = await ask(port, method, path, headers=headers)
    assert answer.status == 405
    assert answer.json()["error"]["code"] == "method_not_allowed"
    assert answer.headers["allow"]


async def test_the_chat_route_asks_for_the_key_before_the_method() -> None:
    """Authentication comes before anything else is looked at."""
    async with serve(House().app) as port:
        for method in ("GET", "POST", "HEAD", "OPTIONS", "DELETE"):
            answer = await ask(port, method, "/v1/chat/completions")
            assert answer.status == 401, method


async def test_a_route_prefix_moves_v1_and_doubles_the_rest() -> None:
    """As the reference does for /v1; the bare addresses of the pages still answer."""
    house = House(options=WebOptions(version="1", route_prefix="/hf"))
    async with serve(house.app) as port:
        assert (await ask(port, "GET", "/hf/v1/models")).status == 200
        assert (await ask(port, "GET", "/v1/models")).status == 404
        path = "/hf/v1/chat/completions"
        assert (await ask(port, "POST", path, headers=BEARER, body=CHAT_BODY)).status == 200
        answer = await ask(port, "POST", "/v1/chat/completions", headers=BEARER, body=CHAT_BODY)
        assert answer.status == 404
        for page in ("/", "/hf/", "/checksum", "/hf/checksum"):
            assert (await ask(port, "GET", page)).status == 200, page


async def test_cors_is_closed_unless_origins_are_named() -> None:
    """A web page elsewhere cannot use the gateway by default."""
    origin = {"Origin": "https://chat.example"}
    preflight = origin | {"Access-Control-Request-Method": "POST"}
    async with serve(House().app) as port:
        answer = await ask(port, "GET", "/v1/models", headers=origin)
        assert "access-control-allow-origin" not in answer.headers
    house = House(options=WebOptions(version="1", cors_origins=("https://chat.example",)))
    async with serve(house.app) as port:
        answer = await ask(port, "OPTIONS", "/v1/chat/completions", headers=preflight)
        assert answer.headers["access-control-allow-origin"] == "https://chat.example"
        answer = await ask(
            port, "POST", "/v1/chat/completions", headers=origin | BEARER, body=CHAT_BODY
        )
        assert answer.status == 200
        assert answer.headers["access-control-allow-origin"] == "https://chat.example"
        answer = await ask(port, "GET", "/v1/models", headers={"Origin": "https://evil.example"})
        assert "access-control-allow-origin" not in answer.headers


async def test_no_error_body_shows_the_key() -> None:
    """Neither the right one nor the wrong one."""
    async with serve(House().app) as port:
        wrong = {"Authorization": f"Bearer {KEY}-wrong"}
        answers = [
            await ask(port, "POST", "/v1/chat/completions", headers=wrong),
            await ask(port, "POST", "/v1/chat/completions", headers=BEARER, body=b"{"),
            await ask(port, "GET", f"/v1/models/{KEY[:3]}", headers=BEARER),
        ]
    assert all(KEY.encode() not in answer.body for answer in answers)
