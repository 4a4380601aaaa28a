"""The head of a request, as bytes."""

from __future__ import annotations

from collections.abc import Mapping

from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.transport.line import Body
from cursor_api.transport.options import is_header_value
from cursor_api.transport.target import Target


def encode_fields(headers: Mapping[str, str]) -> bytes:
    """These as they stand in a head; raises Fault(INTERNAL) for what no header may have."""
    if not is_header_value("".join(headers.values())):
        raise Fault(FaultKind.INTERNAL, "A header holds characters that headers may not have.")
    return "".join([f"{name}: {value}\r\n" for name, value in headers.items()]).encode("ascii")


def encode_head(target: Target, fields: bytes, body: Body | None) -> bytes:
    """That of a POST or, without a body, of a GET.

    Only what the caller names is sent, besides the host and the length.
    """
    if body is None:
        return b"%b%b\r\n" % (target.get, fields)
    count = len(body) if isinstance(body, bytes) else sum(map(len, body))
    return b"%b%bContent-Length: %d\r\n\r\n" % (target.post, fields, count)
