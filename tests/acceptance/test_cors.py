"""CORS over the app's own table of addresses: every address, every method, every kind of error."""

from __future__ import annotations

import itertools

import pytest

from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.service.inference.catalog import Catalog
from cursor_api.web.parts import WebOptions
from tests.acceptance.test_route_walk import (
    METHODS,
    OPEN_METHODS,
    Asked,
    ask_all,
    concrete,
    spellings,
)
from tests.house import BEARER, House
from tests.serving import ask, serve

GOOD = "https://good.example"
ORIGIN = {"Origin": GOOD}
ASKING = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-a"}
CHAT_PATH = "/v1/chat/completions"
CHAT = b'{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}]}'

# The decision about every address: whether a page of a named origin may use it.
FOR_PAGES = {
    "/",
    "/livez",
    "/readyz",
    "/checksum",
    CHAT_PATH,
    "/v1/completions",
    "/v1/embeddings",
    "/v1/responses",
    "/v1/responses/cancel",
    "/v1/responses/compact",
    "/v1/responses/input_tokens",
    "/v1/responses/{answer_id}",
    "/v1/responses/{answer_id}/cancel",
    "/v1/responses/{answer_id}/compact",
    "/v1/responses/{answer_id}/input_items",
    "/v1/messages",
    "/v1/messages/count_tokens",
    "/v1/models",
    "/v1/models/{model_id:path}",
    "/v1/usage",
}
NOT_FOR_PAGES = {
    "/logs",
    "/get-tokeninfo",
    "/update-tokeninfo",
    "/api/credentials",
    "/api/credentials/{rest:path}",
    "/api/openapi.json",
    "/metrics",
    "/api/now",
    "/api/requests",
    "/api/requests/choices",
    "/api/requests/export",
    "/api/requests/{rest:path}",
    "/api/usage",
    "/api/settings",
    "/api/settings/{rest:path}",
    "/api/upstreams",
    "/api/reload",
    "/api/clients",
    "/api/keys",
    "/api/keys/{rest:path}",
    "/api/prices",
    "/api/audit",
    "/api/ui-code",
    "/api/ui-session",
    "/tokeninfo",
    "/console",
    "/console/",
    "/console/static/{name:path}",
}
STRANGERS = (
    "null",
    "https://good.example.evil",
    "https://evil.good.example",
    "http://good.example",
    "https://good.example:8443",
)


def house(prefix: str = "", *origins: str) -> House:
    """A gateway behind a prefix that names these origins."""
    return House(options=WebOptions(version="1", route_prefix=prefix, cors_origins=origins))


def cors_headers(headers: dict[str, str]) -> dict[str, str]:
    """Those that speak to a browser."""
    return {name: value for name, value in headers.items() if name.startswith("access-control")}


def test_every_address_has_a_decision() -> None:
    """Each is for pages or it is not."""
    assert set(OPEN_METHODS) == FOR_PAGES | NOT_FOR_PAGES
    assert not FOR_PAGES & NOT_FOR_PAGES


@pytest.mark.parametrize("prefix", ["", "/api"])
async def test_unless_origins_are_named_no_answer_speaks_of_them(prefix: str) -> None:
    """Every address, every method, questions too."""
    asked: list[Asked] = [
        (method, prefix + concrete(path), {"Origin": origin} | more)
        for path, method in itertools.product(OPEN_METHODS, METHODS)
        for origin in (GOOD, "null")
        for more in ({}, ASKING)
    ]
    async with serve(house(prefix).app) as port:
        answers = await ask_all(port, asked)
    assert [each for each, got in answers if cors_headers(dict(got.headers))] == []


@pytest.mark.parametrize("prefix", ["", "/api"])
async def test_a_named_origin_may_use_what_is_for_pages_and_nothing_else(prefix: str) -> None:
    """Whatever the method and the status; no credentials, no `*` for an origin."""
    asked: list[Asked] = [
        (method, prefix + concrete(path), ORIGIN | more)
        for path, method in itertools.product(OPEN_METHODS, METHODS)
        for more in ({}, ASKING, BEARER)
    ]
    for_pages = {prefix + concrete(path) for path in FOR_PAGES}
    async with serve(house(prefix, GOOD, "https://other.example").app) as port:
        answers = await ask_all(port, asked)
    for (method, path, headers), got in answers:
        found = cors_headers(dict(got.headers))
        if path not in for_pages:
            assert found == {}, (method, path, got)
            continue
        assert found["access-control-allow-origin"] == GOOD, (method, path, got)
        assert "access-control-allow-credentials" not in found
        assert "Origin" in got.headers["vary"]
        if method == "OPTIONS" and "Access-Control-Request-Method" in headers:
            assert got.status == 200
            assert found["access-control-allow-methods"] == "GET, POST, DELETE"


async def test_with_a_star_every_page_may_use_inference_with_a_key_and_nothing_else() -> None:
    """No other address, whatever the key, and without one no more than an error."""
    asked: list[Asked] = [
        (method, concrete(path), {"Origin": origin} | more)
        for path, method in itertools.product(OPEN_METHODS, METHODS)
        for origin, more in itertools.product(STRANGERS, ({}, ASKING, BEARER))
    ]
    inference = {concrete(path) for path in FOR_PAGES if path.startswith("/v1/")}
    async with serve(house("", "*").app) as port:
        answers = await ask_all(port, asked)
    for (method, path, headers), got in answers:
        found = cors_headers(dict(got.headers))
        is_preflight = method == "OPTIONS" and "Access-Control-Request-Method" in headers
        has_key = "Authorization" in headers
        is_told = path in inference and (has_key or is_preflight or got.status >= 400)
        assert found.get("access-control-allow-origin") == ("*" if is_told else None), (path, got)
        assert "access-control-allow-credentials" not in found


async def test_a_strangers_page_gets_nothing_anywhere() -> None:
    """A question of its browser is a request like any other: without a key, 401."""
    asked: list[Asked] = [
        (method, concrete(path), {"Origin": origin} | more)
        for path, method in itertools.product(OPEN_METHODS, METHODS)
        for origin, more in itertools.product(STRANGERS, ({}, ASKING))
    ]
    it = house("", GOOD)
    async with serve(it.app) as port:
        answers = await ask_all(port, asked)
    assert [each for each, got in answers if cors_headers(dict(got.headers))] == []
    assert {got.headers["vary"] for (_, path, _), got in answers if path == CHAT_PATH} == {"Origin"}
    assert {got.status for (_, path, _), got in answers if path == CHAT_PATH} == {401}
    assert it.upstream.asked == []


async def test_no_spelling_of_a_closed_address_is_open_to_a_page() -> None:
    """Where a page may read the answer, there is nothing: the address is one or it is none."""
    asked: list[Asked] = [
        (method, spelling, ORIGIN | BEARER)
        for path in NOT_FOR_PAGES
        for spelling in spellings(concrete(path))
        for method in ("GET", "POST")
    ]
    async with serve(house("", GOOD).app) as port:
        answers = await ask_all(port, asked)
    readable = [(each, got) for each, got in answers if cors_headers(dict(got.headers))]
    assert [(each, got.status) for each, got in readable if got.status not in {404, 405}] == []
    assert readable


class BrokenCatalog(Catalog):
    """A bug of ours."""

    def get_model(self, model_id: str, **_more: object) -> object:  # type: ignore[override]  # it gives none
        """Fail as no code should."""
        raise ZeroDivisionError(model_id)


async def test_a_page_can_read_every_error() -> None:
    """A browser shows a page nothing of an answer without these headers, not even its status."""
    small = WebOptions(version="1", cors_origins=(GOOD,))
    it = House({"a": [Fault(FaultKind.RATE_LIMITED, "slow down", retry_after_s=7)]}, small)
    it.catalog.__class__ = BrokenCatalog
    key = ORIGIN | BEARER
    asked = (
        (401, ("POST", CHAT_PATH, ORIGIN, CHAT)),
        (401, ("POST", CHAT_PATH, ORIGIN | {"Authorization": "Bearer wrong"}, CHAT)),
        (400, ("POST", CHAT_PATH, key, b"{")),
        (404, ("POST", CHAT_PATH, key, CHAT.replace(b"gpt-4o", b"gpt-9"))),
        (404, ("POST", "/v1/audio/speech", key, CHAT)),
        (405, ("PUT", CHAT_PATH, key, CHAT)),
        (405, ("DELETE", "/v1/models", key, b"")),
        (413, ("POST", CHAT_PATH, key | {"Content-Length": "99999999"}, b"")),
        (429, ("POST", CHAT_PATH, key, CHAT)),
        (500, ("GET", "/v1/models/gpt-4o", ORIGIN, b"")),
    )
    async with serve(it.app) as port:
        for status, (method, path, headers, body) in asked:
            got = await ask(port, method, path, headers=headers, body=body)
            assert got.status == status, got
            assert got.headers["access-control-allow-origin"] == GOOD, got
            assert "x-attempts" in got.headers["access-control-expose-headers"]
        it.lifecycle.drain()
        got = await ask(port, "POST", CHAT_PATH, headers=key, body=CHAT)
        assert (got.status, got.headers["access-control-allow-origin"]) == (503, GOOD)


async def test_a_stream_for_a_page_is_the_same_stream() -> None:
    """The headers come on top; not a byte of the answer changes."""
    streamed = CHAT.replace(b"{", b'{"stream":true,', 1)
    bodies = []
    for origins in ((), (GOOD,)):
        async with serve(house("", *origins).app) as port:
            got = await ask(port, "POST", CHAT_PATH, headers=ORIGIN | BEARER, body=streamed)
        assert got.status == 200
        bodies.append([line.partition(b'"choices"')[2] for line in got.body.splitlines()])
    assert bodies[0] == bodies[1]
    assert len(bodies[0]) > 5
