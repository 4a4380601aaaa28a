"""What a caller sends is no header of the gateway's, neither upstream nor in an answer."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from cursor_api.web.parts import WebOptions
from cursor_api.wire.connect import encode_end_stream, encode_envelope
from cursor_api.wire.protobuf import field_string
from tests.acceptance.in_process import KEY, MODEL, Gateway, gateway_before
from tests.acceptance.test_route_walk import METHODS, OPEN_METHODS, ask_all, concrete
from tests.house import BEARER, House
from tests.scripted_server import ScriptedServer, Turn
from tests.serving import serve

CANARY = "canary"
# The gateway's own request to its upstream: these headers, in this order, and no others.
SENT = (
    "Host",
    "Content-Type",
    "Authorization",
    "connect-protocol-version",
    "connect-accept-encoding",
    "user-agent",
    "x-request-id",
    "x-amzn-trace-id",
    "x-cursor-checksum",
    "x-cursor-client-version",
    "x-cursor-timezone",
    "x-ghost-mode",
    "Content-Length",
)
# Made anew for every request. The length goes with the ids in the body.
FRESH = {"x-request-id", "x-amzn-trace-id", "content-length"}

NAMES = (
    # what the gateway itself sends upstream, in the caller's hand
    *(name for name in SENT if name not in {"Host", "Content-Length", "Authorization"}),
    # for one hop
    *(
        "Keep-Alive",
        "Proxy-Connection",
        "TE",
        "Trailer",
        "Proxy-Authorization",
        "Proxy-Authenticate",
    ),
    # who asked, by whose word
    *("X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Prefix"),
    *("Forwarded", "Via", "X-Real-IP", "X-Client-IP", "CF-Connecting-IP", "True-Client-IP"),
    *("X-Original-URL", "X-Rewrite-URL", "X-Original-Host", "X-HTTP-Method-Override"),
    # traces
    *("traceparent", "tracestate", "baggage", "b3", "X-B3-TraceId", "X-Correlation-ID"),
    *("X-Cloud-Trace-Context", "sentry-trace", "uber-trace-id", "Request-Id"),
    # keys and sessions
    *("Cookie", "Cookie2", "Set-Cookie", "X-Auth-Token", "X-CSRF-Token", "Authentication"),
    *("OpenAI-Organization", "OpenAI-Project", "anthropic-version", "anthropic-beta"),
    # the editor's further headers
    *("x-cursor-config-version", "x-cursor-streaming", "x-session-id", "x-client-key"),
    *("x-new-onboarding-completed", "x-cursor-client-type", "x-fs-client-key"),
    # the wire's
    *("Connect-Timeout-Ms", "Connect-Content-Encoding", "Grpc-Timeout", "Grpc-Encoding"),
    # about the body and the answer
    *("Content-Language", "Content-Disposition", "Content-Location", "Content-Range", "Range"),
    *("Accept", "Accept-Encoding", "Accept-Language", "Accept-Charset", "If-None-Match"),
    *("If-Match", "If-Modified-Since", "Cache-Control", "Pragma", "Expect-CT", "Max-Forwards"),
    # browsers and SDKs
    *("Referer", "Origin", "DNT", "Sec-Fetch-Site", "Sec-CH-UA", "Priority", "Warning", "From"),
    *("X-Stainless-OS", "X-Stainless-Retry-Count", "X-Title", "HTTP-Referer", "x-conversation-id"),
)


async def hello(turn: Turn) -> None:
    """A small whole answer."""
    await turn.answer(encode_envelope(field_string(1, "Hello.")) + encode_end_stream())


@asynccontextmanager
async def house(**environment: str) -> AsyncIterator[tuple[Gateway, ScriptedServer]]:
    """A gateway before an upstream that keeps every line of what it is sent."""
    async with (
        ScriptedServer(hello) as far,
        gateway_before(
            far.url, environment={"CURSOR_CHECKSUM_TIME": "stored"} | environment
        ) as gateway,
    ):
        yield gateway, far


def told(turn: Turn) -> str:
    """Everything of a request: its line, its headers, its body."""
    return f"{turn.line}\n{turn.names}\n{dict(turn.headers)}\n{turn.body.decode('latin-1')}"


def steady(turn: Turn) -> dict[str, str]:
    """The headers that are the same for every request of a credential."""
    return {name: value for name, value in turn.headers.items() if name not in FRESH}


def check_like(turn: Turn, plain: Turn) -> None:
    """That a request went upstream just as one without the caller's headers."""
    assert (turn.line, turn.names) == (plain.line, SENT)
    assert steady(turn) == steady(plain)
    assert CANARY not in told(turn)
    request_id = turn.headers["x-request-id"]
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", request_id)
    assert turn.headers["x-amzn-trace-id"] == f"Root={request_id}"
    assert len(turn.body) == int(turn.headers["content-length"]) == len(plain.body)


@pytest.mark.parametrize("is_stream", [False, True])
async def test_no_header_of_a_caller_reaches_the_upstream(is_stream: bool) -> None:  # noqa: FBT001 - a pytest parameter
    """Each by itself, and all together."""
    corpus = [{name: f"{CANARY}-{number}"} for number, name in enumerate(NAMES)]
    corpus.append({name: value for headers in corpus for name, value in headers.items()})
    corpus += [
        {"Connection": "close, X-Hop, Authorization", "X-Hop": CANARY},
        {
            "Upgrade": "h2c",
            "Connection": "close, Upgrade, HTTP2-Settings",
            "HTTP2-Settings": CANARY,
        },
        {"x-api-key": KEY, "Authorization": f"Basic {CANARY}"},
        {"Content-Type": f"text/plain; charset={CANARY}; boundary={CANARY}"},
        {"Host": f"{CANARY}.example"},
        {CANARY: "1", f"x-{CANARY}-y": CANARY, "X-Cursor-Checksum": f"{'a' * 8}{'b' * 64}"},
        {"x-credential": "credential-0"},
    ]
    async with house() as (gateway, far):
        await gateway.chat("Hello", stream=is_stream)
        for headers in corpus:
            answer = await gateway.chat("Hello", headers=headers, stream=is_stream)
            assert answer.status == 200, (headers, answer)
        plain, *turns = far.requests
    assert len(turns) == len(corpus)
    for turn in turns:
        check_like(turn, plain)
        assert KEY not in told(turn)
    # What tells requests apart is each one's own, and nobody's to foresee.
    assert len({turn.headers["x-request-id"] for turn in far.requests}) == len(far.requests)


async def test_no_field_of_a_body_becomes_a_header() -> None:
    """Model and messages go into the upstream's body; everything else goes nowhere."""
    names = ("user", "service_tier", "prompt_cache_key", "safety_identifier", "x-request-id")
    fields: dict[str, Any] = dict.fromkeys(names, CANARY)
    fields |= {
        "metadata": {"x-request-id": CANARY, CANARY: CANARY},
        "extra_headers": {"x-evil": CANARY, "Authorization": f"Bearer {CANARY}"},
    }
    async with house() as (gateway, far):
        await gateway.chat("Hello")
        assert (await gateway.chat("Hello", **fields)).status == 200
        plain, turn = far.requests
    check_like(turn, plain)


async def test_in_pass_through_two_headers_are_the_callers_and_no_more() -> None:
    """The token and its device; both are held to their alphabet."""
    checksum = f"paaotdDV{'1a' * 32}/{'2b' * 32}"
    headers = {name: CANARY for name in NAMES if name != "x-cursor-checksum"}
    async with house(PASSTHROUGH="true") as (gateway, far):
        own = {"Authorization": "Bearer alias::own-token", "x-cursor-checksum": checksum}
        await gateway.chat("Hello", headers=own)
        assert (await gateway.chat("Hello", headers=headers | own)).status == 200
        plain, turn = far.requests
        check_like(turn, plain)
        assert turn.headers["authorization"] == "Bearer own-token"
        assert turn.headers["x-cursor-checksum"] == checksum
        for bad in ("own token", "own\ttoken", "t\u00f6ken", "a" * 17_000):
            answer = await gateway.chat("Hello", headers={"Authorization": f"Bearer {bad}"})
            assert answer.status in {400, 401}, bad
        for bad in ("sum sum", "sum\tsum", "s\u00fcm", "<sum>", "a" * 300):
            answer = await gateway.chat("Hello", headers=own | {"x-cursor-checksum": bad})
            assert answer.status == 400, bad
        assert len(far.requests) == 2


# One attempt as x-attempts tells it: a quoted string without a quote or a backslash in it.
ATTEMPT = r'(?:"[ !#-\[\]-~]*"|credential)(?:;fault=[a-z_]+)?;ms=[0-9]+'


async def test_a_name_that_a_caller_chose_stays_inside_its_quotes() -> None:
    """In pass-through the alias in `x-attempts` comes with the token."""
    async with house(PASSTHROUGH="true") as (gateway, _far):
        for alias in (
            'a"b',
            'a";fault=none; "b',
            "a\\",
            'a\\"b',
            "a%22b",
            "a\tb",
            "\u00fc\u4e2d",
            " ",
            "a" * 4000,
        ):
            headers = {"Authorization": f"Bearer {alias}::own-token"}
            answer = await gateway.chat("Hello", headers=headers)
            assert answer.status == 200, alias
            told = answer.headers["x-attempts"]
            assert re.fullmatch(f"{ATTEMPT}(?:, {ATTEMPT})*", told), (alias, told)
            assert told.count('"') == 2 * told.count(";ms=")


# --- CR, LF, NUL and other control characters.

CONTROLS = {
    "carriage return": b"\r",
    "line feed": b"\n",
    "NUL": b"\0",
    "folded line": b"\r\n ",
    "folded line feed": b"\n\t",
    "vertical tab": b"\x0b",
    "form feed": b"\x0c",
    "escape": b"\x1b",
    "delete": b"\x7f",
}


async def statuses(port: int, heads: Iterable[bytes]) -> list[int]:
    """The status of each head with an empty JSON body; 0 for none."""
    gate = asyncio.Semaphore(32)

    async def one(head: bytes) -> int:
        async with gate, asyncio.timeout(10):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(head + b"Connection: close\r\nContent-Length: 2\r\n\r\n{}")
            answer = await reader.read()
            writer.close()
            return int(answer[9:12]) if answer.startswith(b"HTTP/1.1 ") else 0

    return await asyncio.gather(*map(one, heads))


@pytest.mark.parametrize("control", CONTROLS)
async def test_a_control_character_in_any_header_is_refused(control: str) -> None:
    """At its beginning, in its middle, at its end, in its name: 400 before anything is believed."""
    start = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n"
    bad = CONTROLS[control]
    names = [name.encode() for name in (*NAMES, "Authorization", "x-api-key", "x-credential")]
    heads = [start + name + b": a" + bad + b"b\r\n" for name in names]
    heads += [start + name + b": a" + bad + b"\r\n" for name in names[:3]]
    heads += [start + b"x-" + bad + b"a: b\r\n"]
    it = House()
    async with serve(it.app) as port:
        found = await statuses(port, heads)
        assert await statuses(port, [start + b"x-a: b\r\n"]) == [401]
    assert [head for head, status in zip(heads, found, strict=True) if status != 400] == []
    assert it.upstream.asked == []


async def test_a_control_character_in_a_target_is_refused() -> None:
    """On every address, raw; escaped it is a part of a name that nothing has."""
    paths = [concrete(path).encode() for path in OPEN_METHODS]
    raw = [
        path[:1] + bad + path[1:] for path in paths for bad in CONTROLS.values() if len(path) > 1
    ]
    escaped = [path + bad for path in paths for bad in (b"%0d%0aX-Injected:%201", b"%00", b"%0a")]
    async with serve(House().app) as port:
        heads = [b"GET " + path + b" HTTP/1.1\r\nHost: x\r\n" for path in raw]
        assert set(await statuses(port, heads)) == {400}
        asked = [("GET", path.decode(), BEARER) for path in escaped]
        answers = await ask_all(port, asked)
    assert {answer.status for _, answer in answers} <= {400, 404, 405}
    assert not any("x-injected" in answer.headers for _, answer in answers)


# --- Headers of answers.

ANSWERED = {
    *("allow", "cache-control", "connection", "content-length", "content-type", "date", "etag"),
    *("location", "retry-after", "transfer-encoding", "www-authenticate", "x-accel-buffering"),
    *("x-attempts", "x-ignored-params", "x-route", "x-request-id", "x-should-retry"),
    *("request-id", "vary", "x-token-count", "content-disposition"),
    # the console's
    *("content-security-policy", "cross-origin-opener-policy", "cross-origin-resource-policy"),
    *("permissions-policy", "referrer-policy", "x-content-type-options"),
}


async def test_no_answer_holds_a_header_that_says_what_serves_it() -> None:
    """On every address, with and without the key: known headers only, no software, no version."""
    it = House(options=WebOptions(version="98.76.54"))
    asked = [
        (method, concrete(path), headers)
        for path in OPEN_METHODS
        for method in METHODS
        for headers in ({}, BEARER)
    ]
    async with serve(it.app) as port:
        answers = await ask_all(port, asked)
    names = {name for _, answer in answers for name in answer.headers}
    assert names <= ANSWERED
    values = " ".join(str(dict(answer.headers)) for _, answer in answers).lower()
    for word in ("98.76.54", "uvicorn", "python", "starlette", "cursor-api", "httptools"):
        assert word not in values


def planted(number: int) -> dict[str, str]:
    """Every header with a canary, but those that would end the request before it is looked at."""
    return dict.fromkeys(NAMES, f"{CANARY}-{number}") | BEARER


async def test_no_answer_repeats_a_caller_in_a_header() -> None:
    """Whatever address, method, query or body it comes with."""
    it = House(options=WebOptions(version="1", cors_origins=("https://chat.example",)))
    places = [
        concrete(path) + more for path in OPEN_METHODS for more in ("", f"?{CANARY}={CANARY}")
    ]
    places += [
        f"/{CANARY}",
        f"/v1/models/{CANARY}",
        f"/console/static/{CANARY}",
        f"/api/credentials/{CANARY}",
        f"/api/credentials/{CANARY}/test",
        f"/v1/models/{CANARY}%0d%0aX-Injected:%20{CANARY}",
        f"//{CANARY}.example/%2f..",
        f"/console/?{CANARY}",
        f"http://{CANARY}.example/console/",
    ]
    asked = [
        (method, place, planted(number))
        for number, place in enumerate(places)
        for method in METHODS
    ]
    async with serve(it.app) as port:
        answers = await ask_all(port, asked)
    found = [(each[:2], got.headers) for each, got in answers if CANARY in str(got.headers).lower()]
    assert found == []
    assert {got.status for _, got in answers} >= {200, 400, 404, 405}


async def test_no_chat_answer_repeats_a_caller_in_a_header() -> None:
    """Good ones, refused ones and failed ones, streamed and not."""
    async with house() as (gateway, _far):
        for fields in (
            {},
            {"stream": True},
            {"model": CANARY},
            {"model": f"{MODEL}\r\nX-Injected: {CANARY}"},
            {"messages": CANARY},
            {"stream": CANARY},
            {"user": CANARY, "metadata": {CANARY: CANARY}},
        ):
            for pin in ("credential-0", CANARY, f'{CANARY}"; x=1'):
                headers = planted(0) | {"Authorization": f"Bearer {KEY}", "x-credential": pin}
                body = {"model": MODEL, "messages": [{"role": "user", "content": "Hello"}]} | fields
                answer = await gateway.post(json.dumps(body).encode(), headers)
                assert CANARY not in str(answer.headers), (fields, pin)
                assert "x-injected" not in answer.headers
                assert answer.headers["content-type"].startswith(("application/json", "text/event"))
