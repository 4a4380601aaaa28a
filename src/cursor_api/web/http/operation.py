"""The frame of every management address: the key first, then the method, then the body.

Nothing of a request but its headers is looked at before the operator's key is found in them, and
the key comes in a header only: there is no cookie that a foreign page could use.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from collections.abc import Set as AbstractSet
from contextlib import suppress
from typing import TypeVar

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from cursor_api.dialects.openai_chat.schema import decode_json
from cursor_api.domain.errors import (
    Fault,
    FaultKind,
    LineProblem,
    StaleTextError,
    StoreError,
    UnknownCredentialError,
    invalid_request,
)
from cursor_api.service.credentials.use_cases import INPUT
from cursor_api.service.steps import StepRunner
from cursor_api.web.access.auth import Authenticator
from cursor_api.web.http.body import ClientGoneError, Message, Receive, Scope, Send, read_any_body
from cursor_api.wire.json_bounds import JsonLimits

_T = TypeVar("_T")

Handler = Callable[[Request], Awaitable[Response]]
Handlers = Mapping[str, Handler]

# A thousand tokens pasted at once, or a change of one, with much room.
BODY_BYTES_MAX = 1024 * 1024
# What these addresses take is one object of texts, numbers and booleans.
JSON_LIMITS = JsonLimits(depth_max=8, containers_max=1000)
# A mistaken file of some hundred megabytes still gets its answer.
DISCARDED_BYTES_MAX = 512 * 1024 * 1024
DISCARD_S_MAX = 10.0
# Credentials, masked or not, have no place in a cache or in a browser's history.
NO_STORE = {"cache-control": "no-store"}
INVALID_TOKENS = "invalid_tokens"
BROKEN_FILES = (
    "The token files have lines that cannot be used, so nothing can be changed here. Mend the"
    " lines first."
)
READING: AbstractSet[str] = frozenset({"GET", "HEAD"})


class Resource:
    """An ASGI endpoint with a handler for each method; those in `open_methods` need no key."""

    def __init__(
        self,
        authenticator: Authenticator,
        handlers: Handlers,
        open_methods: AbstractSet[str] = frozenset(),
    ) -> None:
        self._authenticator = authenticator
        self._handlers = handlers
        self._open_methods = open_methods

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; raises Fault, StoreError and HTTPException for app.py to render."""
        method = scope["method"]
        if method not in self._open_methods:
            self._authenticator.require_operator(scope)
        handlers = self._find_handlers(scope)
        handler = handlers.get("GET" if method == "HEAD" else method)
        if handler is None:
            raise HTTPException(405, headers={"Allow": ", ".join(_allowed(handlers))})
        try:
            response = await handler(Request(scope, receive))
        except ClientGoneError:
            return
        await response(scope, receive, send)

    def _find_handlers(self, _scope: Scope) -> Handlers:
        """By method; may put more into the scope's path parameters. Raises HTTPException(404)."""
        return self._handlers


def _allowed(handlers: Handlers) -> list[str]:
    return sorted({*handlers, *(["HEAD"] if "GET" in handlers else [])})


async def read_json(
    request: Request, decoder: msgspec.json.Decoder[_T], bytes_max: int = BODY_BYTES_MAX
) -> _T:
    """The request's body; an absent one is an empty object. Raises Fault, ClientGoneError."""
    incoming = _Incoming(request.receive)
    try:
        body = await read_any_body(request.scope, incoming.receive, bytes_max)
    except Fault as fault:
        if fault.kind is not FaultKind.BODY_TOO_LARGE:
            raise
        await incoming.discard()
        raise too_large(bytes_max) from fault
    return await StepRunner().run(decode_json(decoder, body or b"{}", JSON_LIMITS))


class _Incoming:
    """A body on its way in; knows when all of it has come."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._is_over = False

    async def receive(self) -> Message:
        """The next piece."""
        message = await self._receive()
        self._is_over = not message.get("more_body", False)
        return message

    async def discard(self) -> None:
        """Take the rest, within bounds, of a body that is too large.

        A browser that is still sending would see a broken connection instead of an answer. Only
        the operator gets this far.
        """
        left_bytes = DISCARDED_BYTES_MAX
        with suppress(TimeoutError):
            async with asyncio.timeout(DISCARD_S_MAX):
                while left_bytes > 0 and not self._is_over:
                    left_bytes -= len((await self.receive()).get("body", b""))


def too_large(bytes_max: int) -> Fault:
    """For a body, or a text in it, above the limit."""
    return Fault(
        FaultKind.BODY_TOO_LARGE,
        f"The request holds more than the {bytes_max:,} bytes that this address takes.",
    )


def reply(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A value as JSON that nobody keeps."""
    return Response(
        msgspec.json.encode(value), status, {**NO_STORE, **(headers or {})}, "application/json"
    )


class GivenTextError(StoreError):
    """The text that was given for a file cannot take its place. `param` is the field it was in."""

    def __init__(self, error: StoreError, param: str | None) -> None:
        super().__init__(error.message, error.problems)
        self.param = param


def explain(error: StoreError) -> Fault:
    """A store's error as whose fault it is.

    What was given is the caller's. A file that was broken already is a conflict. What has no line
    at all is the disk's, or another program's that holds the files.
    """
    match error:
        case StaleTextError():
            return Fault(
                FaultKind.PRECONDITION_FAILED,
                f"{error.message} Read them again (POST /get-tokeninfo) and repeat your change.",
                param="If-Match",
            )
        case UnknownCredentialError():
            return Fault(FaultKind.NOT_FOUND, error.message, param="alias")
        case GivenTextError():
            return invalid_request(error.message, code=INVALID_TOKENS, param=error.param)
        case _ if not error.problems:
            return Fault(FaultKind.STORE_FAILED, error.message)
        case _ if all(problem.file == INPUT for problem in error.problems):
            return invalid_request(error.message, code=INVALID_TOKENS)
        case _:
            return Fault(FaultKind.CONFLICT, BROKEN_FILES)


def add_problems(body: bytes, problems: tuple[LineProblem, ...]) -> bytes:
    """A rendered error with the lines it is about beside it, for programs."""
    if not problems:
        return body
    return msgspec.json.encode({**msgspec.json.decode(body), "problems": problems})
