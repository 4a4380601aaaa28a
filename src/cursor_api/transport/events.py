"""An answer's body, cut anywhere, as deltas, where it is server-sent events or one piece; no I/O.

Rules of this file:
- What an event says is the API's business (`Reading`). Here the bytes are framed and bounded.
- What came whole before a fault is given first, however the network cut the bytes.
- Whatever says nothing (comments, pings, unknown events) is skipped, within a bound.
- Where the caller's dialect is the API's own, what came goes on as it came (`is_native`): each
  batch has the events that said it, and those before it that said nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, Protocol

from cursor_api.domain.deltas import Delta, NativeBatch
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.wire.sse import EVENT_DEFAULT, Event, SSEDecoder, SSEError, encode_event

MIB: Final = 1 << 20
# One event, or an answer in one piece. An event of text has some three hundred bytes; a call that
# writes a file may come whole.
PIECE_BYTES_MAX: Final = 8 * MIB
# Three hundred bytes for each token make forty megabytes of the longest answer there is.
ANSWER_BYTES_MAX: Final = 128 * MIB
# Beyond one event: what may come with nothing said in it. Servers that keep the connection alive
# send some twenty bytes every few seconds: this is a day of them.
SILENT_BYTES_MAX: Final = MIB


class Reading(Protocol):
    """What has been read of one answer of an API."""

    @property
    def is_stated(self) -> bool:
        """Whether the answer is whole, and only its usage may be missing."""
        ...

    def take_event(self, event: Event, deltas: list[Delta]) -> bool:
        """What an event says; True for the one that ends the stream. Raises Fault."""
        ...

    def hides(self, event: Event) -> bool:
        """Whether the event taken last is kept from a caller who gets the events as they came."""
        ...

    def take_whole(self, body: bytes, deltas: list[Delta]) -> None:
        """What an answer in one piece says, but for its end. Raises Fault."""
        ...

    def finish(self, deltas: list[Delta]) -> None:
        """Give the last deltas of a whole answer; raises Fault(INCOMPLETE) for one that is not.

        `Finished` is the very last.
        """
        ...


class AnswerDecoder(Protocol):
    """Feed it what the network gives, b"" at the end of the body; it gives deltas or a Fault."""

    @property
    def is_finished(self) -> bool:
        """Whether `Finished` was given; nothing is fed any more then."""
        ...

    @property
    def is_stated(self) -> bool:
        """Whether the answer is whole, and only its usage may be missing."""
        ...

    def check(self) -> None:
        """Raise the fault that came behind the deltas given last, if there was one."""
        ...

    def feed(self, data: bytes) -> Sequence[Delta]:
        """The deltas that are whole now, maybe none; raises the Fault if there is nothing else."""
        ...


class StreamDecoder:
    """An answer as server-sent events."""

    __slots__ = (
        "_bytes_left",
        "_events",
        "_failure",
        "_native",
        "_reading",
        "_silent_bytes",
        "is_finished",
    )

    def __init__(
        self, reading: Reading, bytes_max: int = ANSWER_BYTES_MAX, *, is_native: bool = False
    ) -> None:
        self._reading = reading
        # The events for the caller since the last batch.
        self._native: list[bytes] | None = [] if is_native else None
        self._events = SSEDecoder(PIECE_BYTES_MAX)
        self._bytes_left = bytes_max
        self._silent_bytes = 0
        self._failure: Fault | None = None
        self.is_finished = False

    def __repr__(self) -> str:
        return f"<StreamDecoder {self._events!r}, {self._reading!r}, failure={self._failure!r}>"

    @property
    def is_stated(self) -> bool:
        """See AnswerDecoder."""
        return self._failure is None and self._reading.is_stated

    def check(self) -> None:
        """See AnswerDecoder."""
        if self._failure is not None:
            raise self._failure

    def feed(self, data: bytes) -> Sequence[Delta]:
        """See AnswerDecoder."""
        self.check()
        deltas: list[Delta] = []
        try:
            if data:
                self._take(data, deltas)
            else:
                self._finish(deltas)
        except Fault as fault:
            self._failure = fault
            if not deltas:
                raise
        if not deltas or self._native is None:
            return deltas
        events, self._native = self._native, []
        return NativeBatch(deltas, events[0] if len(events) == 1 else b"".join(events))

    def _take(self, data: bytes, deltas: list[Delta]) -> None:
        self._bytes_left -= len(data)
        self._silent_bytes += len(data)
        if self._bytes_left < 0:
            raise Fault(
                FaultKind.UPSTREAM_ERROR, "The upstream's answer is longer than is allowed."
            )
        only = self._events.find_only(data)
        if only is not None:
            self._take_event(only, data, deltas)
        else:
            self._take_all(data, deltas)
        if deltas:
            self._silent_bytes = 0
        elif self._silent_bytes > PIECE_BYTES_MAX + SILENT_BYTES_MAX:
            raise Fault(FaultKind.PROTOCOL_ERROR, "The upstream sends and sends, and says nothing.")

    def _take_all(self, data: bytes, deltas: list[Delta]) -> None:
        try:
            events = self._events.feed(data)
        except SSEError as error:
            self._take_events(error.events, deltas)
            raise Fault(
                FaultKind.PROTOCOL_ERROR, f"The upstream's answer is broken: {error.message}."
            ) from error
        self._take_events(events, deltas)

    def _take_events(self, events: Iterable[Event], deltas: list[Delta]) -> None:
        for event in events:
            self._take_event(event, None, deltas)
            if self.is_finished:
                return

    def _take_event(self, event: Event, written: bytes | None, deltas: list[Delta]) -> None:
        """`written` are the bytes of the event, where they are at hand."""
        is_last = self._reading.take_event(event, deltas)
        if self._native is not None and not self._reading.hides(event):
            if written is None:
                name = None if event.event == EVENT_DEFAULT else event.event
                written = encode_event(event.data, name)
            self._native.append(written)
        if is_last:
            self._finish(deltas)

    def _finish(self, deltas: list[Delta]) -> None:
        self._reading.finish(deltas)
        self.is_finished = True


class WholeDecoder:
    """An answer in one piece; some servers give it though a stream was asked for."""

    __slots__ = ("_is_native", "_pieces", "_reading", "_size", "is_finished")

    # Its end is the only sign that it is whole.
    is_stated = False

    def __init__(self, reading: Reading, *, is_native: bool = False) -> None:
        self._reading = reading
        self._is_native = is_native
        self._pieces: list[bytes] = []
        self._size = 0
        self.is_finished = False

    def check(self) -> None:
        """See AnswerDecoder."""

    def __repr__(self) -> str:
        return f"<WholeDecoder {self._size} bytes, {self._reading!r}>"

    def feed(self, data: bytes) -> Sequence[Delta]:
        """See AnswerDecoder."""
        if data:
            self._size += len(data)
            if self._size > PIECE_BYTES_MAX:
                raise Fault(
                    FaultKind.PROTOCOL_ERROR,
                    f"The upstream's answer has more than {PIECE_BYTES_MAX} bytes in one piece.",
                )
            self._pieces.append(data)
            return []
        body = b"".join(self._pieces)
        deltas: list[Delta] = []
        self._reading.take_whole(body, deltas)
        self._reading.finish(deltas)
        self.is_finished = True
        return NativeBatch(deltas, body) if self._is_native else deltas
