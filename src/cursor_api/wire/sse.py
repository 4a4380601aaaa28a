"""Server-sent events: bytes to events and back (WHATWG HTML, section 9.2).

Rules of this file:
- Lines end with LF, CR or CRLF, wherever the network cuts the bytes. A line that ends with CR is
  acted on at once; an LF that follows it, in this read or the next, belongs to it.
- A decoder holds one unfinished event, and refuses it before it is over its limit.
- Unlike a browser, text that is not UTF-8 is an error: a gateway must not pass on words that it
  repaired.
- The format has no end mark. What ends an answer is the dialect's business (`[DONE]`); what can be
  told here is whether the bytes stopped within an event (`is_cut`).
- The fields `id` and `retry` are for who reconnects, which no gateway can in the middle of an
  answer: they are read over.
"""

from __future__ import annotations

import enum
import re
from typing import Final

import msgspec

_BOM: Final = b"\xef\xbb\xbf"
_DATA: Final = b"data: "
_END: Final = b"\n\n"
_LF: Final = 0x0A
_COLON: Final = 0x3A
_LINE_END: Final = re.compile(rb"\r\n|\n|\r")
EVENT_DEFAULT: Final = "message"


class SSEReason(enum.Enum):
    """Why bytes were refused."""

    OVERSIZED = "oversized"  # one event, or one line, is over the limit
    BAD_TEXT = "bad_text"  # not UTF-8


class Event(msgspec.Struct, frozen=True, gc=False):
    """One event. `data` has its lines joined with LF."""

    event: str
    data: str


class SSEError(Exception):
    """The bytes are no event stream within the limits.

    `events` are those that came whole before the fault in the same feed.
    """

    def __init__(self, reason: SSEReason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.events: tuple[Event, ...] = ()

    def __repr__(self) -> str:
        return f"SSEError({self.reason.value}, {self.message!r})"


class SSEDecoder:
    """Turns network reads, cut anywhere, into events.

    `event_bytes_max` bounds the lines of one event together, their ends included, and any one line.
    """

    __slots__ = (
        "_data",
        "_event",
        "_event_bytes_max",
        "_failure",
        "_held_bytes",
        "_is_at_start",
        "_line",
        "_skips_lf",
    )

    def __init__(self, event_bytes_max: int) -> None:
        self._event_bytes_max = event_bytes_max
        self._line = bytearray()  # the line that has not ended yet
        self._data: list[str] = []
        self._event = ""
        self._held_bytes = 0  # of the whole lines of the unfinished event
        self._is_at_start = True
        self._skips_lf = False
        # Not the exception itself: its traceback would hold this decoder and the bytes it read.
        self._failure: tuple[SSEReason, str] | None = None

    def __repr__(self) -> str:
        state = "failed" if self._failure else "open"
        return f"<SSEDecoder {state}, holds {self._held_bytes + len(self._line)} bytes>"

    @property
    def is_cut(self) -> bool:
        """Whether the bytes so far stop within a line or an event, or could not be read."""
        return self._held_bytes > 0 or bool(self._line) or self._failure is not None

    def find_only(self, data: bytes) -> Event | None:
        """The event of these bytes, where they are one plain event and nothing else.

        A live stream's reads mostly are: `data: …` and an empty line, each of which ends with LF.
        None where they are anything else, bad text too; they have to be fed then.
        """
        if (
            self._line
            or self._held_bytes
            or self._skips_lf
            or self._is_at_start
            or self._failure is not None
            or len(data) > self._event_bytes_max
            or not data.startswith(_DATA)
            or not data.endswith(_END)
            or data.find(b"\n") != len(data) - len(_END)
            or data.find(b"\r") >= 0
        ):
            return None
        try:
            text = data[len(_DATA) : -len(_END)].decode()
        except UnicodeDecodeError:
            return None
        return Event(EVENT_DEFAULT, text)

    def feed(self, data: bytes) -> list[Event]:
        """The events that are whole now, in order; raises SSEError on the first bad line."""
        if self._failure is not None:
            raise SSEError(*self._failure)
        if self._skips_lf and data:
            self._skips_lf = False
            if data[0] == _LF:
                data = data[1:]
        if not data:
            return []
        events: list[Event] = []
        try:
            self._decode(data, events)
        except SSEError as error:
            error.events = tuple(events)
            raise
        return events

    def _decode(self, data: bytes, events: list[Event]) -> None:
        # bytes.splitlines knows LF, CR and CRLF and, unlike str.splitlines, nothing else.
        lines = data.splitlines()
        last = data[-1:]
        rest = lines.pop() if last not in b"\r\n" else b""
        self._skips_lf = last == b"\r"
        for line in lines:
            if self._line:
                self._check_size(len(self._line) + len(line))
                self._line += line
                whole = bytes(self._line)
                self._line.clear()
                self._take_line(whole, events)
            else:
                self._check_size(len(line))
                self._take_line(line, events)
        if rest:
            self._check_size(len(self._line) + len(rest))
            self._line += rest

    def _check_size(self, line_bytes: int) -> None:
        if self._held_bytes + line_bytes > self._event_bytes_max:
            raise self._fail(
                SSEReason.OVERSIZED, f"an event has more than {self._event_bytes_max} bytes"
            )

    def _fail(self, reason: SSEReason, message: str) -> SSEError:
        self._failure = reason, message
        return SSEError(reason, message)

    def _take_line(self, line: bytes, events: list[Event]) -> None:
        if self._is_at_start:
            self._is_at_start = False
            line = line.removeprefix(_BOM)
        if not line:
            self._dispatch(events)
            return
        if line[0] == _COLON:
            return  # a comment
        try:
            text = line.decode()
        except UnicodeDecodeError as error:
            raise self._fail(
                SSEReason.BAD_TEXT, f"an event is not UTF-8: {error.reason}"
            ) from error
        name, _, value = text.partition(":")
        # The line and its end; the end counts so that a million empty lines are not free.
        self._held_bytes += len(line) + 1
        if name == "data":
            self._data.append(value.removeprefix(" "))
        elif name == "event":
            self._event = value.removeprefix(" ")

    def _dispatch(self, events: list[Event]) -> None:
        if self._data:
            events.append(Event(self._event or EVENT_DEFAULT, "\n".join(self._data)))
        self._data = []
        self._event = ""
        self._held_bytes = 0


def encode_event(data: str | bytes, event: str | None = None) -> bytes:
    """One event. Line ends within `data` come out as LF at the reader, which is all SSE can carry.

    Raises ValueError where `event` holds a line end: it would begin a field of its own.
    """
    content = data.encode() if isinstance(data, str) else data
    # Not `in`, which takes bytes for a number first: it makes an error of that and drops it.
    if content.find(b"\n") >= 0 or content.find(b"\r") >= 0:
        content = _LINE_END.sub(b"\ndata: ", content)
    if event is None:
        return b"data: " + content + b"\n\n"
    if "\n" in event or "\r" in event:
        raise ValueError("the name of an event has a line end")
    return b"event: %b\ndata: %b\n\n" % (event.encode(), content)
