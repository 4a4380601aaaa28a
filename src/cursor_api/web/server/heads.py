"""The head of an answer as bytes: its status line, its date, its fields, and how its body ends."""

from __future__ import annotations

import functools
import re
import time
from collections.abc import Iterable
from email.utils import formatdate
from http import HTTPStatus
from typing import Final

CONTENT_LENGTH: Final = b"content-length: "
TRANSFER_ENCODING: Final = b"transfer-encoding: "
CONNECTION: Final = b"connection: "
CLOSE_LINE: Final = b"connection: close\r\n"
CHUNKED_LINE: Final = b"transfer-encoding: chunked\r\n"
CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"

_FRAMING: Final = frozenset((CONTENT_LENGTH, TRANSFER_ENCODING, CONNECTION))
_NAME: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
# All but the tab, which is allowed.
_CONTROLS: Final = bytes((*range(9), *range(10, 32), 127))
_LINE_END: Final = b"\r\n"
_STATUS_LINES: Final = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus
}
# Names of fields that answers have are few, and are the program's own.
_NAMES_KEPT: Final = 256


def status_line(status: int) -> bytes:
    """The first line of an answer; one that HTTP does not name has no phrase."""
    return _STATUS_LINES.get(status) or b"HTTP/1.1 %d \r\n" % status


@functools.lru_cache(maxsize=_NAMES_KEPT)
def _begin_field(name: bytes) -> bytes:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name of a header field")
    return name.lower() + b": "


def join_fields(
    headers: Iterable[tuple[bytes, bytes]],
) -> tuple[bytes, dict[bytes, bytes]]:
    """The lines of these fields, and the values of those that say where the body ends.

    Raises ValueError where one would be no field, or more than one.
    """
    parts: list[bytes] = []
    framing: dict[bytes, bytes] = {}
    count = 0
    for name, value in headers:
        beginning = _begin_field(name)
        if beginning in _FRAMING:
            framing[beginning] = value
        parts += (beginning, value, _LINE_END)
        count += 1
    lines = b"".join(parts)
    if len(lines) - len(lines.translate(None, _CONTROLS)) != count * len(_LINE_END):
        raise ValueError("the value of a header field has a control character")
    return lines, framing


class Dates:
    """The Date field, made once a second."""

    __slots__ = ("_line", "_second")

    def __init__(self) -> None:
        self._second = 0
        self._line = b""

    def line(self) -> bytes:
        """As it stands in a head now."""
        second = int(time.time())
        if second != self._second:
            self._second = second
            self._line = f"date: {formatdate(second, usegmt=True)}\r\n".encode()
        return self._line
