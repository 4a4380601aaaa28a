"""The frame of a management address: key, method, body, errors."""

from __future__ import annotations

import asyncio
import gzip
import json
from typing import Any

import msgspec
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cursor_api.domain.credential import Secret
from cursor_api.domain.errors import (
    BindingNotStoredError,
    Fault,
    FaultKind,
    LineProblem,
    StaleTextError,
    StoreError,
    UnknownCredentialError,
)
from cursor_api.web.access.auth import AccessOptions, Authenticator
from cursor_api.web.access.lockout import Lockout, LockoutOptions
from cursor_api.web.app import EXCEPTION_HANDLERS
from cursor_api.web.http import operation as resource
from cursor_api.web.http.operation import (
    READING,
    GivenTextError,
    Resource,
    add_problems,
    explain,
    read_json,
    reply,
)
from tests.fakes import TickingClock
from tests.house import BEARER, CLIENT_KEY, KEY
from tests.serving import Answer, ask, serve

KEYS = Authenticator(
    AccessOptions(Secret(KEY), (Secret(CLIENT_KEY),)),
    Lockout(LockoutOptions(wrong_keys_max=0), TickingClock()),
)
BODY_MAX = 100
CHAT_ONLY = {"Authorization": f"Bearer {CLIENT_KEY}"}


class In(msgspec.Struct, forbid_unknown_fields=True):
    """A body."""

    count: int = 7


DECODER = msgspec.json.Decoder(In)


async def show(_request: Request) -> Response:
    """A reader."""
    return reply({"method": "GET"})


async def take(request: Request) -> Response:
    """A writer."""
    return reply({"count": (await read_json(request, DECODER, BODY_MAX)).count}, 201, {"x-a": "b"})


async def fail(_request: Request) -> Response:
    """A writer whose disk is full."""
    raise StoreError("The disk is full.")


APP = Starlette(
    routes=[
        Route("/closed", Resource(KEYS, {"GET": show, "PATCH": take, "DELETE": fail})),
        Route("/open", Resource(KEYS, {"GET": show, "POST": take}, open_methods=READING)),
    ],
    exception_handlers=EXCEPTION_HANDLERS,
)


async def one(method: str, path: str, headers: dict[str, str], body: bytes = b"") -> Answer:
    """One request to the app above."""
    async with serve(APP) as port:
        return await ask(port, method, path, headers=headers, body=body)


@pytest.mark.parametrize("method", ["GET", "HEAD", "PATCH", "DELETE", "PUT", "OPTIONS", "TRACE"])
async def test_the_key_comes_before_the_method_and_the_body(method: str) -> None:
    """Without one nothing else is told, not even which methods there are."""
    answer = await one(method, "/closed", {}, b"{not json")
    assert answer.status == 401
    assert "allow" not in answer.headers
    assert (await one(method, "/closed", CHAT_ONLY, b"{not json")).status == 403


async def test_an_open_method_is_open_and_the_others_are_not() -> None:
    """Reading without a key, everything else with one."""
    assert (await one("GET", "/open", {})).status == 200
    head = await one("HEAD", "/open", {})
    assert (head.status, head.body) == (200, b"")
    for method in ("POST", "PUT", "OPTIONS"):
        assert (await one(method, "/open", {})).status == 401


async def test_a_cookie_is_no_key() -> None:
    """No foreign page can act with what a browser sends by itself."""
    assert (
        await one("GET", "/closed", {"Cookie": f"authorization={KEY}; key={KEY}"})
    ).status == 401


async def test_with_the_key_a_wrong_method_is_told_the_right_ones() -> None:
    """In the header, and in words."""
    answer = await one("PUT", "/closed", BEARER)
    assert (answer.status, answer.headers["allow"]) == (405, "DELETE, GET, HEAD, PATCH")
    assert answer.json()["error"]["code"] == "method_not_allowed"


async def test_an_answer_is_json_that_nobody_keeps() -> None:
    """Status and headers are the handler's."""
    answer = await one("PATCH", "/closed", BEARER, b'{"count":3}')
    assert (answer.status, answer.json()) == (201, {"count": 3})
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-a"] == "b"
    assert (await one("PATCH", "/closed", BEARER)).json() == {"count": 7}


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "invalid_json"),
        (b"[]", 400, "invalid_type"),
        (b'{"count":"x"}', 400, "invalid_type"),
        (b'{"cuont":1}', 400, "unknown_parameter"),
        (b" " * (BODY_MAX + 1), 413, "body_too_large"),
        (b"\xff", 400, "invalid_json"),
    ],
)
async def test_a_body_that_does_not_fit_is_refused(body: bytes, status: int, code: str) -> None:
    """In the words of the chat address."""
    answer = await one("PATCH", "/closed", BEARER, body)
    assert answer.status == status
    error = answer.json()["error"]
    assert error["code"] == code
    assert "GATEWAY_BODY_BYTES_MAX" not in error["message"]


async def test_a_body_is_bounded_after_decompression_too() -> None:
    """A gzip bomb is a body that is too large."""
    gzipped = BEARER | {"Content-Encoding": "gzip"}
    answer = await one("PATCH", "/closed", gzipped, gzip.compress(b'{"count":5}'))
    assert answer.json() == {"count": 5}
    bomb = gzip.compress(b" " * 50_000)
    assert len(bomb) < BODY_MAX
    async with asyncio.timeout(5):
        answer = await one("PATCH", "/closed", gzipped, bomb)
    assert answer.status == 413


async def test_who_sends_far_too_much_gets_the_answer_all_the_same() -> None:
    """The rest is taken and dropped, so that a client that is still sending can read it."""
    async with asyncio.timeout(10):
        answer = await one("PATCH", "/closed", BEARER, b" " * 20_000_000)
    assert answer.status == 413


async def test_who_never_sends_the_rest_is_waited_for_no_longer_than_stated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nor is more than a stated number of bytes taken."""
    monkeypatch.setattr(resource, "DISCARD_S_MAX", 0.05)
    async with asyncio.timeout(5):
        answer = await one("PATCH", "/closed", BEARER | {"Content-Length": "5000"}, b"x" * 200)
    assert answer.status == 413


async def test_a_store_that_fails_is_the_gateways_fault() -> None:
    """With the store's own words."""
    answer = await one("DELETE", "/closed", BEARER)
    assert answer.status == 500
    assert answer.json()["error"]["message"] == "The disk is full."
    assert answer.json()["error"]["code"] == "store_failed"
    assert "problems" not in answer.json()


OWN = LineProblem("input", 2, "a space inside the token")
OTHERS = LineProblem("/data/.token", 4, "a space inside the token")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (StaleTextError("Changed."), FaultKind.PRECONDITION_FAILED),
        (UnknownCredentialError("Unknown."), FaultKind.NOT_FOUND),
        (StoreError("Bad.", [OWN]), FaultKind.INVALID_REQUEST),
        (StoreError("Bad.", [OWN, OTHERS]), FaultKind.CONFLICT),
        (StoreError("Bad.", [OTHERS]), FaultKind.CONFLICT),
        (GivenTextError(StoreError("Bad.", [OTHERS]), "tokens"), FaultKind.INVALID_REQUEST),
        (StoreError("The disk is full."), FaultKind.STORE_FAILED),
        (BindingNotStoredError("Read-only.", []), FaultKind.STORE_FAILED),
    ],
)
def test_a_stores_error_says_whose_fault_it_is(error: StoreError, kind: FaultKind) -> None:
    """What was given is the caller's; what was broken already is a conflict; else the disk's."""
    assert explain(error).kind is kind


def test_a_given_text_names_its_field() -> None:
    """Where all the problems are in one of the two."""
    fault: Fault = explain(GivenTextError(StoreError("Bad.", [OTHERS]), "token_list"))
    assert (fault.param, getattr(fault, "code", None)) == ("token_list", "invalid_tokens")


def test_problems_stand_beside_the_error() -> None:
    """OpenAI's object stays as it is; programs read the list."""
    body = add_problems(b'{"error":{"message":"x"}}', (OWN,))
    decoded: dict[str, Any] = json.loads(body)
    assert decoded == {
        "error": {"message": "x"},
        "problems": [{"file": "input", "line": 2, "problem": "a space inside the token"}],
    }
    assert add_problems(b"{}", ()) == b"{}"
