"""What the server answers by itself, to what never becomes a request of the app."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.ports.dialect import RenderedFault

# What the server refuses, before there is a request that the app could answer.
RenderRefusal = Callable[[Fault], RenderedFault]


def fresh(refusal: Fault) -> Fault:
    """The same, to be raised: one that is raised again and again keeps all its tracebacks."""
    return Fault(refusal.kind, refusal.message)


MALFORMED = Fault(FaultKind.MALFORMED_REQUEST, "This is not a well-formed HTTP/1.1 request.")
TOO_MANY_CHUNKS = Fault(
    FaultKind.MALFORMED_REQUEST,
    "The request's body comes in too many small chunks; send larger ones, or a Content-Length.",
)
OVERHEAD = Fault(FaultKind.MALFORMED_REQUEST, "The request's body is mostly chunk headers.")
HEAD_TOO_LARGE = Fault(
    FaultKind.HEAD_TOO_LARGE,
    "The request's headers are larger than this gateway's limit (GATEWAY_HEADER_BYTES_MAX).",
)
TOO_MANY_FIELDS = Fault(
    FaultKind.HEAD_TOO_LARGE, "The request has more header fields than this gateway takes."
)
# Said to nobody, as an earlier request's answer runs: the connection ends with that.
TOO_MANY_QUEUED = Fault(
    FaultKind.CONCURRENCY_EXCEEDED, "Too many requests wait for an answer on this connection."
)
TOO_SLOW = Fault(
    FaultKind.REQUEST_TIMEOUT,
    "The request came too slowly (GATEWAY_HEADER_TIMEOUT_S, GATEWAY_BODY_TIMEOUT_S).",
)
# Its sender did nothing wrong and may come again.
TOO_MANY_CONNECTIONS = Fault(
    FaultKind.OVERLOADED,
    "This gateway has as many connections open as it may (GATEWAY_CONNECTIONS_MAX);"
    " send your request again.",
)
NO_ROOM = Fault(
    FaultKind.OVERLOADED,
    "This gateway holds as much of unfinished and waiting requests as it may; send yours again.",
)
NEEDS_TLS = Fault(
    FaultKind.MALFORMED_REQUEST,
    "This gateway speaks TLS here: use https:// in place of http:// in its address.",
)


def write_refusal(rendered: RenderedFault) -> bytes:
    """The whole response, after which the connection ends."""
    status = HTTPStatus(rendered.status)
    headers = (
        *rendered.headers,
        ("content-length", str(len(rendered.body))),
        ("connection", "close"),
    )
    head = "".join(f"{name}: {value}\r\n" for name, value in headers)
    return f"HTTP/1.1 {status.value} {status.phrase}\r\n{head}\r\n".encode() + rendered.body
