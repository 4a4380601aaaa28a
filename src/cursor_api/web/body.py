"""Reading a request's body, bounded before and after decompression."""

from __future__ import annotations

import zlib
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from cursor_api.domain.errors import Fault, FaultKind

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

GZIP_WINDOW_BITS = 31


class ClientGoneError(Exception):
    """The client left; there is nobody to answer."""


async def read_body(scope: Scope, receive: Receive, bytes_max: int) -> bytes:
    """The whole body of a POST; raises Fault(METHOD_NOT_ALLOWED) and what `read_any_body` does."""
    if scope["method"] != "POST":
        raise Fault(FaultKind.METHOD_NOT_ALLOWED, "Use POST for this address.")
    return await read_any_body(scope, receive, bytes_max)


async def read_any_body(scope: Scope, receive: Receive, bytes_max: int) -> bytes:
    """The whole body, inflated when it is gzip.

    Raises Fault(BODY_TOO_LARGE) as soon as the limit is passed, Fault(INVALID_REQUEST) for an
    encoding that is not understood, and ClientGoneError when the client leaves.
    """
    encoding = b""
    for name, value in scope["headers"]:
        if name == b"content-length" and int(value) > bytes_max:
            raise _too_large(bytes_max)
        if name == b"content-encoding":
            encoding = value.strip().lower()
    message = await receive()
    if message["type"] != "http.request":
        raise ClientGoneError
    body: bytes = message.get("body", b"")
    if message.get("more_body"):
        body = await _read_rest(body, receive, bytes_max)
    if len(body) > bytes_max:
        raise _too_large(bytes_max)
    return _inflated(body, encoding, bytes_max) if encoding not in {b"", b"identity"} else body


async def _read_rest(first: bytes, receive: Receive, bytes_max: int) -> bytes:
    pieces = [first]
    size_bytes = len(first)
    has_more = True
    while has_more:
        message = await receive()
        if message["type"] != "http.request":
            raise ClientGoneError
        pieces.append(message.get("body", b""))
        size_bytes += len(pieces[-1])
        if size_bytes > bytes_max:
            raise _too_large(bytes_max)
        has_more = message.get("more_body", False)
    return b"".join(pieces)


def _inflated(body: bytes, encoding: bytes, bytes_max: int) -> bytes:
    if encoding not in {b"gzip", b"x-gzip"}:
        raise Fault(
            FaultKind.INVALID_REQUEST,
            "The request's Content-Encoding is not supported; send it plain or as gzip.",
            param="Content-Encoding",
        )
    inflater = zlib.decompressobj(GZIP_WINDOW_BITS)
    try:
        plain = inflater.decompress(body, bytes_max + 1)
    except zlib.error as error:
        raise Fault(FaultKind.INVALID_REQUEST, "The request's gzip body is damaged.") from error
    if len(plain) > bytes_max:
        raise _too_large(bytes_max)
    if not inflater.eof or inflater.unused_data:
        raise Fault(FaultKind.INVALID_REQUEST, "The request's gzip body is cut short or too long.")
    return plain


def _too_large(bytes_max: int) -> Fault:
    return Fault(
        FaultKind.BODY_TOO_LARGE,
        f"The request's body is larger than this gateway's limit of {bytes_max:,} bytes"
        " (GATEWAY_BODY_BYTES_MAX).",
    )
