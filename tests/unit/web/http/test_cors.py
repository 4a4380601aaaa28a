"""What pages of other origins are told, and what is kept from them."""

from __future__ import annotations

import pytest

from cursor_api.web.http.cors import Cors, OpenAddresses, RefusedPreflights
from cursor_api.web.server.serving import Message, Receive, Scope, Send
from tests.fakes import TickingClock
from tests.log_lines import capture_logs

GOOD, OTHER = "https://good.example", "http://localhost:5173"


async def answer(scope: Scope, _receive: Receive, send: Send) -> None:
    """The application inside: an error with a header and a body."""
    headers = [(b"content-type", b"text/plain")]
    status = 200 if scope["path"] == "/folder/works" else 418
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"inside"})


INFERENCE = OpenAddresses(frozenset(), ("/folder/",))
OPEN = OpenAddresses(frozenset(["/open"]), ("/folder/",))
CORS = Cors(answer, (GOOD, OTHER), OPEN, INFERENCE)
CORS_FOR_ANY = Cors(answer, (GOOD, "*"), OPEN, INFERENCE)


async def asked(
    method: str, *headers: tuple[str, str], path: str = "/open", cors: Cors = CORS
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers (repeated ones joined) and body of one answer."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        raise AssertionError("nothing of a body is read here")

    raw = [(name.encode(), value.encode()) for name, value in headers]
    await cors({"method": method, "path": path, "headers": raw}, receive, send)
    start, body = sent
    found: dict[str, str] = {}
    for name, value in start["headers"]:
        key, text = name.decode(), value.decode()
        found[key] = f"{found[key]}, {text}" if key in found else text
    return start["status"], found, body["body"]


ASKING = ("access-control-request-method", "POST")


@pytest.mark.parametrize("origin", [GOOD, OTHER])
async def test_a_named_origin_may_read_every_answer(origin: str) -> None:
    """Errors too, and the headers that tell what happened."""
    status, headers, body = await asked("POST", ("origin", origin))
    assert (status, body) == (418, b"inside")
    assert headers == {
        "content-type": "text/plain",
        "access-control-allow-origin": origin,
        "access-control-expose-headers": (
            "x-request-id, request-id, x-attempts, x-route, x-ignored-params, x-token-count,"
            " retry-after, x-should-retry"
        ),
        "vary": "Origin",
    }


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "*",
        "",
        "https://good.example.evil",
        "https://evil.good.example",
        "https://evilgood.example",
        "https://good.example:444",
        "https://good.example/",
        "https://good.example, https://good.example",
        "http://good.example",
        "HTTPS://GOOD.EXAMPLE",
        "https://good.exampl",
        "https://good.example\u0000",
        "https://goodxexample",
        "https://user@good.example",
        "file://",
    ],
)
async def test_any_other_origin_gets_nothing(origin: str) -> None:
    """Nearly the same is not the same; a cache still learns that origins matter."""
    for method, more in (("POST", ()), ("OPTIONS", (ASKING,))):
        status, headers, body = await asked(method, ("origin", origin), *more)
        assert (status, body) == (418, b"inside")
        assert headers == {"content-type": "text/plain", "vary": "Origin"}


async def test_two_origins_are_none() -> None:
    """No browser sends two."""
    for pair in ((GOOD, GOOD), (GOOD, "https://evil.example"), ("https://evil.example", GOOD)):
        _, headers, _ = await asked("POST", *(("origin", one) for one in pair))
        assert "access-control-allow-origin" not in headers


async def test_a_browsers_question_is_answered_without_asking_inside() -> None:
    """Chatting and reading, with any header, for ten minutes, without cookies."""
    wish = ("access-control-request-headers", "authorization,x-stainless-os,x-evil\u00e9")
    status, headers, body = await asked("OPTIONS", ("origin", GOOD), ASKING, wish)
    assert (status, body) == (200, b"")
    assert headers == {
        "access-control-allow-origin": GOOD,
        "access-control-allow-methods": "GET, POST, DELETE",
        "access-control-allow-headers": (
            "authorization, content-type, x-api-key, x-credential, x-route, x-conversation-id, *"
        ),
        "access-control-max-age": "600",
        "content-length": "0",
        "vary": "Origin, Access-Control-Request-Private-Network",
    }


async def test_options_without_a_question_is_a_request() -> None:
    """And so is a question that comes with another method."""
    assert (await asked("OPTIONS", ("origin", GOOD)))[0] == 418
    assert (await asked("POST", ("origin", GOOD), ASKING))[0] == 418


async def test_a_named_page_may_reach_into_a_private_network() -> None:
    """Where the gateway usually is; told only to browsers that ask."""
    wish = ("access-control-request-private-network", "true")
    _, headers, _ = await asked("OPTIONS", ("origin", GOOD), ASKING, wish)
    assert headers["access-control-allow-private-network"] == "true"
    _, headers, _ = await asked("OPTIONS", ("origin", "https://evil.example"), ASKING, wish)
    assert "access-control-allow-private-network" not in headers


@pytest.mark.parametrize(
    "path",
    ["/closed", "/open/", "/open/a", "/opening", "/OPEN", "/folder", "/", "//open", "/x/open"],
)
async def test_what_is_not_named_is_closed_for_named_origins_too(path: str) -> None:
    """The page's browser is told nothing."""
    for method, more in (("GET", ()), ("OPTIONS", (ASKING,))):
        status, headers, _ = await asked(method, ("origin", GOOD), *more, path=path)
        assert (status, headers) == (418, {"content-type": "text/plain"})


@pytest.mark.parametrize("path", ["/open", "/folder/", "/folder/a/b"])
async def test_an_open_address_is_one_path_and_an_open_folder_all_below_it(path: str) -> None:
    """`/open` is an address, `/folder/` a folder."""
    _, headers, _ = await asked("GET", ("origin", GOOD), path=path)
    assert headers["access-control-allow-origin"] == GOOD


async def test_with_no_folders_nothing_is_below_one() -> None:
    """An empty list opens nothing."""
    assert not OpenAddresses(frozenset(["/open"])).has("/anything")


EVIL = "https://evil.example"


@pytest.mark.parametrize("origin", [EVIL, "null", "https://good.example:444"])
@pytest.mark.parametrize("key", ["authorization", "x-api-key"])
async def test_with_a_star_every_page_may_use_inference_with_a_key(origin: str, key: str) -> None:
    """Told with a star, never with what the request said; a browser's question brings no key."""
    asking = ("origin", origin)
    path = "/folder/works"
    status, headers, _ = await asked("POST", asking, (key, "x"), path=path, cors=CORS_FOR_ANY)
    assert (status, headers["access-control-allow-origin"]) == (200, "*")
    assert "x-attempts" in headers["access-control-expose-headers"]
    status, headers, body = await asked("OPTIONS", asking, ASKING, path=path, cors=CORS_FOR_ANY)
    assert (status, body, headers["access-control-allow-origin"]) == (200, b"", "*")


async def test_with_a_star_and_without_a_key_only_errors_are_told() -> None:
    """What everybody may see, a page that was only visited may not."""
    origin = ("origin", EVIL)
    _, headers, _ = await asked("GET", origin, path="/folder/works", cors=CORS_FOR_ANY)
    assert headers == {"content-type": "text/plain", "vary": "Origin"}
    status, headers, _ = await asked("GET", origin, path="/folder/fails", cors=CORS_FOR_ANY)
    assert (status, headers["access-control-allow-origin"]) == (418, "*")


async def test_a_star_opens_nothing_beside_inference() -> None:
    """What else is open is so for the named; and two origins are none."""
    key = ("authorization", "Bearer x")
    for path in ("/open", "/closed"):
        for method, more in (("GET", ()), ("OPTIONS", (ASKING,))):
            _, headers, _ = await asked(
                method, ("origin", EVIL), key, *more, path=path, cors=CORS_FOR_ANY
            )
            assert "access-control-allow-origin" not in headers, path
    _, headers, _ = await asked("GET", ("origin", GOOD), cors=CORS_FOR_ANY)
    assert headers["access-control-allow-origin"] == GOOD
    two = (("origin", EVIL), ("origin", EVIL))
    _, headers, _ = await asked("GET", *two, key, path="/folder/works", cors=CORS_FOR_ANY)
    assert "access-control-allow-origin" not in headers


def preflight(path: str = "/v1/models", origin: str = EVIL) -> Scope:
    """A browser's question, as far as anybody looks at it."""
    headers = [(b"origin", origin.encode()), (b"access-control-request-method", b"POST")]
    return {"method": "OPTIONS", "path": path, "headers": headers}


def test_a_refused_page_is_told_once_a_minute() -> None:
    """With whose page it was, where to, what to do, and how many there were since."""
    clock = TickingClock()
    refused = RefusedPreflights(clock)
    with capture_logs() as lines:
        for _ in range(50):
            refused.note(preflight())
        assert repr(refused) == "RefusedPreflights(49 untold)"
        clock.seconds += 60
        refused.note(preflight("/a\nb", "https://a.example\r\nx" + "y" * 9000))
    first, second = lines
    assert first["level"] == "warning"
    assert "GATEWAY_CORS_ORIGINS" in first["event"]
    assert (first["origin"], first["path"], first["refused_count"]) == (EVIL, "/v1/models", 1)
    assert (second["path"], second["refused_count"]) == ("/a\\nb", 50)
    assert "\n" not in second["origin"]
    assert len(second["origin"]) < 100


def test_what_no_page_asked_is_not_told() -> None:
    """OPTIONS alone is a request like any other."""
    with capture_logs() as lines:
        RefusedPreflights(TickingClock()).note({**preflight(), "headers": [(b"origin", b"x")]})
    assert lines == []
