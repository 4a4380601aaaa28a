"""The head of an answer as bytes."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

import pytest

from cursor_api.web.server.heads import CONNECTION, CONTENT_LENGTH, Dates, join_fields, status_line


def test_a_status_has_its_phrase_where_http_has_one() -> None:
    """The space behind the number stays in any case (RFC 9112, section 4)."""
    assert status_line(431) == b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    assert status_line(599) == b"HTTP/1.1 599 \r\n"


def test_fields_are_lines_and_those_about_the_body_are_told() -> None:
    """Names are lower case, as ASGI wants them of apps."""
    headers = [(b"Content-Length", b"4"), (b"x-a", b"b\tc"), (b"x-a", b""), (b"connection", b"x")]
    lines, framing = join_fields(headers)
    assert lines == b"content-length: 4\r\nx-a: b\tc\r\nx-a: \r\nconnection: x\r\n"
    assert framing == {CONTENT_LENGTH: b"4", CONNECTION: b"x"}


@pytest.mark.parametrize("value", [b"a\r\nx-b: c", b"a\nb", b"a\rb", b"a\0b", b"\x7f", b"\x1b[0m"])
def test_a_value_stays_in_its_line(value: bytes) -> None:
    """Else whoever names it could write a whole answer."""
    with pytest.raises(ValueError, match="control character"):
        join_fields([(b"x-a", b"b"), (b"x-c", value)])


@pytest.mark.parametrize("name", [b"", b"x a", b"x:a", b"x\r\na", "x-\u00e9".encode()])
def test_a_name_is_one_word(name: bytes) -> None:
    """RFC 9110, section 5.6.2."""
    with pytest.raises(ValueError, match="no name of a header field"):
        join_fields([(name, b"a")])


def test_the_date_is_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """As HTTP writes it, and a new one in the next second."""
    now = 1_700_000_000.9
    monkeypatch.setattr("time.time", lambda: now)
    dates = Dates()
    assert dates.line() == b"date: Tue, 14 Nov 2023 22:13:20 GMT\r\n"
    now += 0.2
    text = dates.line().decode().removeprefix("date: ").rstrip()
    assert parsedate_to_datetime(text).timestamp() == 1_700_000_001
