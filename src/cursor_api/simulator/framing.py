"""HTTP/1.1 without a socket: requests out of bytes, and answers into bytes.

It shares nothing with the parser that the gateway uses: what both misread in the same way no test
would find. It is strict: what is doubtful is refused, so that a client of ours that sends it is
found out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

# A whole header block, or requests sent ahead; about what real load balancers allow.
HEADERS_BYTES_MAX: Final = 64 * 1024
# Of a chunk's size and what may stand behind that.
CHUNK_LINE_BYTES_MAX: Final = 1024
GO_ON: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
LAST_CHUNK: Final = b"0\r\n\r\n"

_TOKEN: Final = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_REQUEST_LINE: Final = re.compile(rb"(%b) ([!-~]+) HTTP/(1\.[01])" % _TOKEN)
_FIELD: Final = re.compile(rb"(%b):[ \t]*((?:[!-~\x80-\xff]|[ \t]+(?=[^ \t]))*)[ \t]*" % _TOKEN)
_LENGTH: Final = re.compile(rb"[0-9]{1,18}")
_CHUNK_LINE: Final = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;[\t -~\x80-\xff]*)?")
_LINE_END: Final = b"\r\n"
_BODILESS: Final = frozenset((HTTPStatus.NO_CONTENT.value, HTTPStatus.NOT_MODIFIED.value))

Fields = Sequence[tuple[bytes, bytes]]


class NotHttpError(Exception):
    """What came is no request; the status that says so, and why."""

    def __init__(self, message: str, status: int = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(message)
        self.status = int(status)


@dataclass(frozen=True, slots=True)
class RequestHead:
    """A request's head. `length` is None where the body comes in chunks."""

    method: bytes
    target: bytes
    headers: Fields
    length: int | None
    is_old: bool
    is_kept: bool
    is_expecting: bool


class Requests:
    """What one client sends: after each head its body, piece by piece, to the end."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._has_ended = False
        # Of the body, or of a chunk; None between two chunks.
        self._left_bytes: int | None = 0
        self._is_chunked = False
        self._is_over = True

    def feed(self, data: bytes) -> None:
        """What was read; b"" at the end."""
        self._bytes += data
        self._has_ended = self._has_ended or not data

    @property
    def ahead_bytes(self) -> int:
        """How much came that was not taken."""
        return len(self._bytes)

    def take_head(self) -> RequestHead | None:
        """The next one, None where more is needed; raises NotHttpError, and EOFError at the end."""
        at = self._bytes.find(_LINE_END * 2)
        if at < 0 or at > HEADERS_BYTES_MAX:
            if len(self._bytes) > HEADERS_BYTES_MAX:
                raise NotHttpError(
                    "the head is too large", HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
                )
            self._need_more("the head ends too early")
            return None
        head = _read_head(bytes(self._bytes[:at]))
        del self._bytes[: at + len(_LINE_END * 2)]
        self._is_chunked, self._left_bytes = head.length is None, head.length
        self._is_over = head.length == 0
        return head

    def take_piece(self) -> bytes | None:
        """The next of the body, b"" at its end, None where more is needed; raises NotHttpError."""
        while not self._is_over:
            if self._left_bytes is None:
                if not self._begin_chunk():
                    return None
            elif self._left_bytes:
                piece = bytes(self._bytes[: self._left_bytes])
                del self._bytes[: len(piece)]
                self._left_bytes -= len(piece)
                if piece:
                    self._is_over = not (self._left_bytes or self._is_chunked)
                    return piece
                self._need_more("the body ends too early")
                return None
            elif not self._end_chunk():
                return None
        return b""

    def _begin_chunk(self) -> bool:
        """Whether the size of the next chunk is known, or that there is none."""
        line = self._take_line()
        if line is None:
            return False
        found = _CHUNK_LINE.fullmatch(line)
        if found is None:
            raise NotHttpError(f"no chunk begins with {line!r}")
        self._left_bytes = int(found[1], 16)
        if self._left_bytes:
            return True
        # Put back, should its trailer not be there yet.
        while (trailer := self._take_line()) is not None:
            if not trailer:
                self._is_over = True
                return True
            if not _FIELD.fullmatch(trailer):
                raise NotHttpError(f"{trailer!r} is no trailer")
        self._bytes[:0] = line + _LINE_END
        self._left_bytes = None
        return False

    def _end_chunk(self) -> bool:
        line = self._take_line()
        if line:
            raise NotHttpError("a chunk is longer than it says")
        self._left_bytes = None if line is not None else 0
        return line is not None

    def _take_line(self) -> bytes | None:
        at = self._bytes.find(_LINE_END)
        if at < 0:
            if len(self._bytes) > CHUNK_LINE_BYTES_MAX:
                raise NotHttpError("a line of the body is too long")
            self._need_more("the body ends too early")
            return None
        line = bytes(self._bytes[:at])
        del self._bytes[: at + len(_LINE_END)]
        return line

    def _need_more(self, complaint: str) -> None:
        if not self._has_ended:
            return
        if self._bytes or not self._is_over:
            raise NotHttpError(complaint)
        raise EOFError


def _read_head(raw: bytes) -> RequestHead:
    first, *lines = raw.split(_LINE_END)
    found = _REQUEST_LINE.fullmatch(first)
    if found is None:
        raise NotHttpError(f"{first[:100]!r} is no request line")
    headers = []
    for line in lines:
        field = _FIELD.fullmatch(line)
        if field is None:
            raise NotHttpError(f"{line[:100]!r} is no header field")
        headers.append((field[1], field[2]))
    is_old = found[3] == b"1.0"
    hosts = _values(headers, b"host")
    if len(hosts) > 1 or not (hosts or is_old):
        raise NotHttpError("a request has one Host header")
    options = b",".join(_values(headers, b"connection")).lower()
    return RequestHead(
        found[1],
        found[2],
        headers,
        _find_length(headers),
        is_old,
        not is_old and b"close" not in options,
        [value.lower() for value in _values(headers, b"expect")] == [b"100-continue"],
    )


def _find_length(headers: Fields) -> int | None:
    lengths, codings = _values(headers, b"content-length"), _values(headers, b"transfer-encoding")
    if len(lengths) + len(codings) > 1:
        raise NotHttpError("a request states its length once")
    if codings:
        if codings[0].lower() != b"chunked":
            raise NotHttpError("the coding is unknown", HTTPStatus.NOT_IMPLEMENTED)
        return None
    if lengths and not _LENGTH.fullmatch(lengths[0]):
        raise NotHttpError("the length is no number")
    return int(lengths[0]) if lengths else 0


def _values(headers: Fields, wanted: bytes) -> list[bytes]:
    return [value for name, value in headers if name.lower() == wanted]


class AnswerFrame:
    """How one answer stands on the wire; `request` is None where none could be read.

    `is_kept` tells whether the connection can serve another request behind it.
    """

    def __init__(self, request: RequestHead | None) -> None:
        self._has_body = request is None or request.method != b"HEAD"
        self._is_old = request is not None and request.is_old
        self._is_chunked = False
        self.is_kept = request is not None and request.is_kept

    def head(self, status: int, phrase: str, headers: Sequence[tuple[str, str]]) -> bytes:
        """Its head. Without a length the body comes in chunks, or the connection ends it."""
        names = {name.lower(): value for name, value in headers}
        lines = [f"HTTP/1.1 {status} {phrase}", *(f"{name}: {value}" for name, value in headers)]
        if "close" in names.get("connection", "").lower():
            self.is_kept = False
        if status in _BODILESS:
            self._has_body = False
        elif "content-length" not in names and not self._is_old:
            self._is_chunked = True
            lines.append("transfer-encoding: chunked")
        if not self.is_kept and "connection" not in names:
            lines.append("connection: close")
        return "\r\n".join([*lines, "", ""]).encode("latin-1")

    def data(self, data: bytes) -> bytes:
        """A piece of its body."""
        if not self._has_body or not data:
            return b""
        return b"%x\r\n%b\r\n" % (len(data), data) if self._is_chunked else data

    def end(self) -> bytes:
        """What tells that the body is whole."""
        return LAST_CHUNK if self._is_chunked and self._has_body else b""
