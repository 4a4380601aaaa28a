"""JSON in and out of the addresses that are no client API's."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.options.said import encode_said
from cursor_api.service.steps import StepRunner
from cursor_api.web.http.body import read_any_body
from cursor_api.web.server.serving import Message, Receive
from cursor_api.wire.json_bounds import JsonLimits
from cursor_api.wire.json_decode import decode_json

_T = TypeVar("_T")

# A thousand tokens pasted at once, or a change of one, with much room.
BODY_BYTES_MAX = 1024 * 1024
# What these addresses take is one object of texts, numbers and booleans.
JSON_LIMITS = JsonLimits(depth_max=8, containers_max=1000)
# A mistaken file of some hundred megabytes still gets its answer.
DISCARDED_BYTES_MAX = 512 * 1024 * 1024
DISCARD_S_MAX = 10.0
# Credentials, masked or not, have no place in a cache or in a browser's history.
NO_STORE = {"cache-control": "no-store"}


async def read_json(
    request: Request, decoder: msgspec.json.Decoder[_T], bytes_max: int = BODY_BYTES_MAX
) -> _T:
    """The request's body; an absent one is an empty object. Raises Fault, ClientGoneError."""
    incoming = _IncomingBody(request.receive)
    try:
        body = await read_any_body(request.scope, incoming.receive, bytes_max)
    except Fault as fault:
        if fault.kind is not FaultKind.BODY_TOO_LARGE:
            raise
        await incoming.discard()
        raise too_large(bytes_max) from fault
    return await StepRunner().run(decode_json(decoder, body or b"{}", JSON_LIMITS))


async def read_strangers_json(
    request: Request, decoder: msgspec.json.Decoder[_T], bytes_max: int
) -> _T:
    """The body of whoever has brought no key: one that is too large is not read to its end.

    Raises Fault, ClientGoneError.
    """
    try:
        body = await read_any_body(request.scope, request.receive, bytes_max)
    except Fault as fault:
        if fault.kind is FaultKind.BODY_TOO_LARGE:
            raise too_large(bytes_max) from fault
        raise
    return await StepRunner().run(decode_json(decoder, body, JSON_LIMITS))


class _IncomingBody:
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
        msgspec.json.encode(value, enc_hook=encode_said),
        status,
        {**NO_STORE, **(headers or {})},
        "application/json",
    )
