"""What the pure Python parser gives, and what it refuses where h11 alone would mend it."""

from __future__ import annotations

import h11
import pytest

from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.web.server.h11_protocol import StrictConnection
from cursor_api.web.server.strict import FIELDS_MAX

LINE = b"POST / HTTP/1.1\r\nHost: a\r\n"
HEADER_BYTES_MAX = 8192


def event_of(data: bytes) -> object:
    """The first thing that these bytes say; raises Fault."""
    connection = StrictConnection(HEADER_BYTES_MAX)
    connection.receive_data(data)
    return connection.next_event()


def test_an_ordinary_head_is_a_request() -> None:
    """Once it is whole."""
    event = event_of(LINE + b"Content-Length: 2\r\n\r\nab")
    assert isinstance(event, h11.Request)
    assert event.method == b"POST"
    assert event_of(LINE) is h11.NEED_DATA


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (LINE + b"A: " + b"b" * HEADER_BYTES_MAX, FaultKind.HEAD_TOO_LARGE),
        (LINE + b"a: b\r\n" * FIELDS_MAX, FaultKind.HEAD_TOO_LARGE),
        (LINE + b"A: b\nC: d\r\n\r\n", FaultKind.MALFORMED_REQUEST),
        (b"nonsense\r\n\r\n", FaultKind.MALFORMED_REQUEST),
        (b"GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", FaultKind.MALFORMED_REQUEST),
        (LINE + b"Transfer-Encoding: chunked\r\n\r\n", FaultKind.LENGTH_REQUIRED),
    ],
)
def test_a_flawed_head_is_refused_before_it_is_believed(data: bytes, kind: FaultKind) -> None:
    """Too long, too many fields, another reading possible, a body that h11 reads too kindly."""
    with pytest.raises(Fault) as caught:
        event_of(data)
    assert caught.value.kind is kind
