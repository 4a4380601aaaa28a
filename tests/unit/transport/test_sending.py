"""The head of a request."""

from __future__ import annotations

import pytest

from cursor_api.transport.line import Body
from cursor_api.transport.sending import encode_fields, encode_head
from cursor_api.transport.target import find_target


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (None, b"GET /v1?a=b HTTP/1.1\r\nHost: host:8\r\nX-a: 1\r\n\r\n"),
        (b"", b"POST /v1?a=b HTTP/1.1\r\nHost: host:8\r\nX-a: 1\r\nContent-Length: 0\r\n\r\n"),
        (
            [b"ab", b"c"],
            b"POST /v1?a=b HTTP/1.1\r\nHost: host:8\r\nX-a: 1\r\nContent-Length: 3\r\n\r\n",
        ),
    ],
)
def test_a_head_has_what_was_named_the_host_and_the_length(
    body: Body | None, wanted: bytes
) -> None:
    """And nothing else: no agent, no encodings, no cookie."""
    target, fields = find_target("http://host:8/v1?a=b", None), encode_fields({"X-a": "1"})
    assert encode_head(target, fields, body) == wanted
