"""A walk over the app's own table of addresses: who answers without a key, and nobody else does."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cursor_api.web.app import App
from cursor_api.web.parts import WebOptions
from tests.house import House
from tests.serving import Answer, Line, ask, serve

READING = frozenset({"GET", "HEAD"})
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
NOTHING: frozenset[str] = frozenset()

# The decision about every address: which methods answer without a key. A new address has to be
# entered here, which is the moment to think about it.
OPEN_METHODS = {
    "/": READING,
    "/livez": READING,
    "/readyz": READING,
    "/v1/chat/completions": NOTHING,
    "/v1/completions": NOTHING,
    "/v1/embeddings": NOTHING,
    "/v1/responses": NOTHING,
    "/v1/responses/cancel": NOTHING,
    "/v1/responses/compact": NOTHING,
    "/v1/responses/input_tokens": NOTHING,
    "/v1/responses/{answer_id}": NOTHING,
    "/v1/responses/{answer_id}/cancel": NOTHING,
    "/v1/responses/{answer_id}/compact": NOTHING,
    "/v1/responses/{answer_id}/input_items": NOTHING,
    "/v1/messages": NOTHING,
    "/v1/messages/count_tokens": NOTHING,
    "/v1/models": READING,
    "/v1/models/{model_id:path}": READING,
    "/logs": NOTHING,
    "/checksum": READING,
    "/get-tokeninfo": NOTHING,
    "/update-tokeninfo": READING,  # re-reads the files, as the earlier program does
    "/api/credentials": NOTHING,
    "/api/credentials/{rest:path}": NOTHING,
    "/api/openapi.json": READING,
    "/metrics": NOTHING,
    "/api/now": NOTHING,
    "/api/requests": NOTHING,
    "/api/requests/choices": NOTHING,
    "/api/requests/export": NOTHING,
    "/api/requests/{rest:path}": NOTHING,
    "/api/usage": NOTHING,
    "/api/settings": NOTHING,
    "/api/settings/{rest:path}": NOTHING,
    "/api/upstreams": NOTHING,
    "/api/reload": NOTHING,
    "/api/clients": NOTHING,
    "/api/keys": NOTHING,
    "/api/keys/{rest:path}": NOTHING,
    "/api/prices": NOTHING,
    "/api/audit": NOTHING,
    "/v1/usage": NOTHING,
    "/api/ui-code": NOTHING,
    "/api/ui-session": frozenset({"POST"}),  # the code in its body stands for the key
    "/tokeninfo": READING,
    "/console": READING,
    "/console/": READING,
    "/console/static/{name:path}": READING,
}
EXAMPLES = {
    "{answer_id}": "resp_1",
    "{model_id:path}": "gpt-4o",
    "{rest:path}": "a/test",
    "{name:path}": "index.html",
}
KEYED = [path for path, methods in OPEN_METHODS.items() if methods != READING]

# What a front may have been talked into, and what might be believed to come from it.
HOSTILE: tuple[Mapping[str, str], ...] = (
    {},
    {"Host": "evil.example"},
    {"Host": "localhost"},
    {"Host": "127.0.0.1:3000"},
    {"Host": ""},
    {"Host": "h" * 2000},
    {"X-Forwarded-For": "127.0.0.1", "X-Real-IP": "127.0.0.1", "Forwarded": "for=127.0.0.1"},
    {"X-Forwarded-Host": "localhost", "X-Forwarded-Prefix": "/console"},
    {"X-Original-URL": "/livez", "X-Rewrite-URL": "/livez"},
    {"X-HTTP-Method-Override": "GET", "X-HTTP-Method": "HEAD"},
    {"Cookie": "session=1; key=test-key-0123456789", "Referer": "http://127.0.0.1/console"},
    {"Authorization": "Bearer "},
    {"Authorization": "Bearer undefined", "x-api-key": "null"},
    {"Authorization": "Basic dGVzdC1rZXktMDEyMzQ1Njc4OTo="},
    {"Origin": "http://127.0.0.1", "Sec-Fetch-Site": "same-origin"},
)


def concrete(path: str) -> str:
    """A route's path with its parameters filled in."""
    for parameter, example in EXAMPLES.items():
        path = path.replace(parameter, example)
    assert "{" not in path, f"no example for {path}"
    return path


def spellings(path: str) -> Iterator[str]:
    """The same address for somebody who normalises, another or none for somebody who does not."""
    yield "/" + path
    yield "/v1" + path
    yield "//v1//v1" + path
    yield path.removeprefix("/v1")
    yield path.replace("/", "//")
    yield "/." + path
    yield "/%2e" + path
    yield "/console/static/%2e%2e/%2e%2e" + path
    yield "/console/static/../.." + path
    yield "/v1/models/%2e%2e/%2e%2e" + path
    yield "/livez/.." + path
    yield "/livez/%2e%2e" + path
    yield "/livez%2f%2e%2e" + path.replace("/", "%2f")
    yield "/livez;" + path
    yield path + "/"
    yield path + "//"
    yield path + "?x=/livez"
    yield path + ";/livez"
    yield path + "%00"
    yield path + "%20"
    yield path + "%0a"
    yield path + "%0d%0a"
    yield path + "%2f"
    yield path + "%23"
    yield path + "%3f"
    yield "/livez%0a" + path
    yield "/%252e%252e" + path
    yield path.replace("/", "/./")
    yield path.upper()
    yield f"/%{ord(path[1]):02x}{path[2:]}"
    yield path.replace("/", "\\")
    yield f"http://127.0.0.1{path}"
    yield f"http://127.0.0.1/livez/..{path}"
    yield f"HTTPS://evil.example:1{path}"
    yield f"http://a@evil.example{path}?/livez"


# A method, a path, and headers on top.
Asked = tuple[str, str, Mapping[str, str]]


async def ask_all(port: int, asked: Sequence[Asked]) -> list[tuple[Asked, Answer]]:
    """All of them, a few at a time; the body is no JSON, so that parsing it would show."""
    waiting = iter(asked)

    async def some() -> list[tuple[Asked, Answer]]:
        async with Line(port) as line:
            return [(each, await line.ask(*each, b"{")) for each in waiting]

    return list(itertools.chain(*await asyncio.gather(*(some() for _ in range(16)))))


def test_every_address_has_a_decision() -> None:
    """And every decision an address, with a prefix and without."""
    for prefix in ("", "/hf"):
        house = House(options=WebOptions(version="1", route_prefix=prefix))
        routes = house.app._rest.routes
        assert all(isinstance(route, Route) for route in routes), "a mount hides addresses"
        paths = {route.path.removeprefix(prefix) for route in routes if isinstance(route, Route)}
        assert paths == set(OPEN_METHODS)


async def find_open(app: App, paths: Iterable[str]) -> list[tuple[Asked, int]]:
    """What is not answered with 401 where a key should be asked for: requests and statuses."""
    asked = [
        (method, path, headers)
        for path in paths
        for method, headers in itertools.product(METHODS, HOSTILE)
        if method not in OPEN_METHODS.get(path.removeprefix("/hf"), NOTHING)
    ]
    async with serve(app) as port:
        answers = await ask_all(port, asked)
    # None that is refused is of another shape than the others.
    refused = [got for _, got in answers if got.status == 401]
    assert {got.headers["content-type"] for got in refused} <= {"application/json"}
    return [(each, got.status) for each, got in answers if got.status != 401]


@pytest.mark.parametrize(
    "options",
    [
        WebOptions(version="1"),
        WebOptions(version="1", route_prefix="/hf"),
        WebOptions(version="1", cors_origins=("https://chat.example", "http://127.0.0.1")),
        WebOptions(version="1", cors_origins=("*",)),
    ],
    ids=["plain", "prefix", "origins", "any origin"],
)
async def test_a_keyed_address_answers_401_whatever_is_sent_with_the_request(
    options: WebOptions,
) -> None:
    """For every method, before anything else of the request is looked at."""
    house = House(options=options)
    paths = [options.route_prefix + concrete(path) for path in KEYED]
    assert await find_open(house.app, paths) == []
    assert house.upstream.asked == []


async def show_everything(_request: Request) -> Response:
    """A handler that somebody wrote without thinking of the key."""
    return Response("everything")


async def test_the_walk_finds_a_new_address_without_a_key() -> None:
    """It has no decision; and with one, its answers are not 401."""
    house = House()
    house.app._rest.router.routes.append(Route("/api/everything", show_everything))
    paths = {route.path for route in house.app._rest.routes if isinstance(route, Route)}
    assert paths - set(OPEN_METHODS) == {"/api/everything"}
    found = await find_open(house.app, ["/api/everything"])
    assert ("GET", "/api/everything", {}) in [each for each, status in found if status == 200]


async def test_no_spelling_of_a_keyed_address_gets_past_the_key() -> None:
    """401 where it is the address, 404 where it is none (or 400); never what stands behind it."""
    house = House()
    asked: list[Asked] = [
        (method, spelling, {})
        for path in KEYED
        for spelling in spellings(concrete(path))
        for method in ("GET", "HEAD", "POST", "OPTIONS")
        if method not in OPEN_METHODS[path]
    ]
    async with serve(house.app) as port:
        answers = await ask_all(port, asked)
    # An address below /v1/models or /console/static is there for reading only.
    assert [
        (each, got.status) for each, got in answers if got.status not in {400, 401, 404, 405}
    ] == []
    assert house.upstream.asked == []


@pytest.mark.parametrize("path", OPEN_METHODS)
async def test_an_open_address_only_reads(path: str) -> None:
    """Without a key, what is not GET or HEAD is not done."""
    house = House()
    asked: list[Asked] = [(method, concrete(path), {}) for method in METHODS]
    async with serve(house.app) as port:
        answers = await ask_all(port, asked)
    for (method, _, _), got in answers:
        if method in OPEN_METHODS[path] and method in READING:
            assert got.status in {200, 308}, (method, got)
        elif method in OPEN_METHODS[path]:
            assert got.status == 400, (method, got)
        else:
            assert got.status in {401, 405}, (method, got)


async def test_a_log_that_is_public_is_so_for_reading_only() -> None:
    """The setting opens this one address."""
    house = House(options=WebOptions(version="1", is_log_public=True))
    async with serve(house.app) as port:
        answers = await ask_all(port, [(method, "/logs", {}) for method in METHODS])
    assert {method for (method, _, _), got in answers if got.status == 200} == READING
    assert {got.status for (method, _, _), got in answers if method not in READING} == {401}


async def test_a_browsers_question_before_a_request_opens_nothing() -> None:
    """With origins named, it is answered for those, for chats only; a request needs the key."""
    house = House(options=WebOptions(version="1", cors_origins=("https://chat.example",)))
    origin = {"Origin": "https://chat.example"}
    preflight = origin | {"Access-Control-Request-Method": "POST"}
    foreign = preflight | {"Origin": "https://evil.example"}
    async with serve(house.app) as port:
        for path in map(concrete, KEYED):
            posted = 400 if "POST" in OPEN_METHODS.get(path, NOTHING) else 401
            asked = await ask(port, "OPTIONS", path, headers=preflight)
            assert asked.status == (200 if path.startswith("/v1/") else 401)
            refused = await ask(port, "OPTIONS", path, headers=foreign)
            assert (refused.status, "access-control-allow-origin" in refused.headers) == (
                401,
                False,
            )
            assert (await ask(port, "OPTIONS", path, headers=origin)).status == 401
            answer = await ask(port, "POST", path, headers=origin, body=b"{")
            assert answer.status == posted
    assert house.upstream.asked == []
