"""The head of a request, as bytes."""

from __future__ import annotations

from collections.abc import Mapping

from cursor_api.transport.line import Body
from cursor_api.transport.target import Target


def encode_head(target: Target, headers: Mapping[str, str], body: Body | None) -> bytes:
    """That of a POST or, without a body, of a GET.

    Only what the caller names is sent, besides the host and the length.
    """
    fields = "".join([f"{name}: {value}\r\n" for name, value in headers.items()]).encode("ascii")
    if body is None:
        return b"%b%b\r\n" % (target.get, fields)
    count = len(body) if isinstance(body, bytes) else sum(map(len, body))
    return b"%b%bContent-Length: %d\r\n\r\n" % (target.post, fields, count)
