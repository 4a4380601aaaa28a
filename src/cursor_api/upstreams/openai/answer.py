"""An answer's body, cut anywhere, as deltas; no I/O.

Rules of this file:
- An answer is whole when the server has said why it ended; then, and only then, `Finished` is
  given, as the last delta, once `[DONE]` or the body's end shows that no usage follows.
- What came whole before a fault is given first, however the network cut the bytes.
- Whatever says nothing (comments, pings, unknown fields) is skipped, within a bound.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from msgspec import Raw

from cursor_api.domain.deltas import (
    Delta,
    Finished,
    FinishReason,
    ReasoningDelta,
    RefusalDelta,
    TextDelta,
)
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.upstreams.openai.calls import Calls
from cursor_api.upstreams.openai.chunks import (
    ChunkIn,
    MessageIn,
    PartIn,
    decode_chunk,
    is_empty,
    read_usage,
)
from cursor_api.upstreams.openai.faults import FaultContext, fault_of_error
from cursor_api.wire.sse import EVENT_DEFAULT, Event, SSEDecoder, SSEError

MIB: Final = 1 << 20
# One event, or an answer in one piece. An event of text has some three hundred bytes; a call that
# writes a file may come whole.
PIECE_BYTES_MAX: Final = 8 * MIB
# Three hundred bytes for each token make forty megabytes of the longest answer there is.
ANSWER_BYTES_MAX: Final = 128 * MIB
# Beyond one event: what may come with nothing said in it. Servers that keep the connection alive
# send some twenty bytes every few seconds: this is a day of them.
SILENT_BYTES_MAX: Final = MIB

DONE: Final = "[DONE]"
ERROR_EVENT: Final = "error"
# They keep the connection alive, whatever they hold.
PING_EVENTS: Final = frozenset({"ping", "heartbeat", "keepalive", "keep-alive"})

REASONS: Final[dict[str, FinishReason]] = {
    "stop": FinishReason.STOP,
    "length": FinishReason.LENGTH,
    "max_tokens": FinishReason.LENGTH,
    "model_length": FinishReason.LENGTH,
    "tool_calls": FinishReason.TOOL_CALLS,
    "function_call": FinishReason.TOOL_CALLS,
    "content_filter": FinishReason.REFUSED,
}
# Reasons that are none: the server broke off, and says so.
FAILURES: Final[dict[str, FaultKind]] = {
    "error": FaultKind.UPSTREAM_ERROR,
    "abort": FaultKind.INCOMPLETE,
    "insufficient_system_resource": FaultKind.UPSTREAM_OVERLOADED,
}


class Reading:
    """What has been read of one answer, however it is framed."""

    __slots__ = ("_calls", "_reason", "_usage", "context")

    def __init__(self, context: FaultContext, new_id: Callable[[], str]) -> None:
        self.context = context
        self._calls = Calls(new_id)
        self._reason: FinishReason | None = None
        self._usage = Raw(b"")

    def __repr__(self) -> str:
        return f"Reading({self._calls!r}, reason={self._reason})"

    @property
    def has_reason(self) -> bool:
        """Whether the server has said why the answer ended."""
        return self._reason is not None

    def take(self, chunk: ChunkIn, text: str | bytes, deltas: list[Delta]) -> None:
        """What a chunk says; `text` is the chunk as it came. Raises Fault."""
        if chunk.is_error:
            raise fault_of_error(text, self.context)
        for choice in chunk.choices or ():
            if choice.index:
                continue  # an answer beside the one that was asked for
            said = choice.delta or choice.message
            if said is not None:
                self._take_message(said, deltas)
            if choice.finish_reason:
                self._end(choice.finish_reason)
        if not is_empty(chunk.usage):
            self._usage = Raw(bytes(chunk.usage))

    def finish(self) -> Finished:
        """The last delta of a whole answer; raises Fault(INCOMPLETE) for one that is not."""
        reason = self._reason
        if reason is None:
            raise Fault(
                FaultKind.INCOMPLETE,
                f"{self.context.name} stopped before it said that its answer is whole.",
            )
        if reason is FinishReason.STOP and self._calls.count:
            # So do servers that stop in order to call; clients go by the reason.
            reason = FinishReason.TOOL_CALLS
        return Finished(reason, read_usage(self._usage), is_stated=True)

    def _take_message(self, said: MessageIn, deltas: list[Delta]) -> None:
        thought = said.reasoning_content or said.reasoning
        if thought and isinstance(thought, str):
            deltas.append(ReasoningDelta(thought))
        content = said.content
        if content:
            if isinstance(content, str):
                deltas.append(TextDelta(content))
            else:
                for part in content:
                    _take_part(part, deltas)
        if said.refusal:
            deltas.append(RefusalDelta(said.refusal))
        if said.tool_calls:
            for call in said.tool_calls:
                self._calls.add(call, deltas)
        elif said.function_call is not None:
            self._calls.add_function(said.function_call, deltas)

    def _end(self, word: str) -> None:
        word = word.lower()
        if word in FAILURES:
            raise Fault(
                FAILURES[word],
                f"{self.context.name} broke off its answer.",
                upstream_code=word,
            )
        # A word of the server's own (`eos`, `stop_sequence`) is an end as good as any.
        self._reason = REASONS.get(word, FinishReason.STOP)


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

    def feed(self, data: bytes) -> list[Delta]:
        """The deltas that are whole now, maybe none; raises the Fault if there is nothing else."""
        ...


class StreamDecoder:
    """An answer as server-sent events."""

    __slots__ = ("_bytes_left", "_events", "_failure", "_reading", "_silent_bytes", "is_finished")

    def __init__(self, reading: Reading, bytes_max: int = ANSWER_BYTES_MAX) -> None:
        self._reading = reading
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
        return self._failure is None and self._reading.has_reason

    def check(self) -> None:
        """See AnswerDecoder."""
        if self._failure is not None:
            raise self._failure

    def feed(self, data: bytes) -> list[Delta]:
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
        return deltas

    def _take(self, data: bytes, deltas: list[Delta]) -> None:
        self._bytes_left -= len(data)
        self._silent_bytes += len(data)
        if self._bytes_left < 0:
            raise Fault(
                FaultKind.UPSTREAM_ERROR, "The upstream's answer is longer than is allowed."
            )
        try:
            events = self._events.feed(data)
        except SSEError as error:
            self._take_events(error.events, deltas)
            raise Fault(
                FaultKind.PROTOCOL_ERROR, f"The upstream's answer is broken: {error.message}."
            ) from error
        self._take_events(events, deltas)
        if deltas:
            self._silent_bytes = 0
        elif self._silent_bytes > PIECE_BYTES_MAX + SILENT_BYTES_MAX:
            raise Fault(FaultKind.PROTOCOL_ERROR, "The upstream sends and sends, and says nothing.")

    def _take_events(self, events: list[Event] | tuple[Event, ...], deltas: list[Delta]) -> None:
        for event in events:
            text = event.data
            if text == DONE:
                self._finish(deltas)
                return
            if event.event != EVENT_DEFAULT:
                if event.event == ERROR_EVENT:
                    raise fault_of_error(text, self._reading.context)
                if event.event in PING_EVENTS:
                    continue
            if not text:
                continue
            self._reading.take(decode_chunk(text), text, deltas)

    def _finish(self, deltas: list[Delta]) -> None:
        deltas.append(self._reading.finish())
        self.is_finished = True


class WholeDecoder:
    """An answer in one piece, as some servers give it though a stream was asked for."""

    __slots__ = ("_pieces", "_reading", "_size", "is_finished")

    # Its end is the only sign that it is whole.
    is_stated = False

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._pieces: list[bytes] = []
        self._size = 0
        self.is_finished = False

    def check(self) -> None:
        """See AnswerDecoder."""

    def __repr__(self) -> str:
        return f"<WholeDecoder {self._size} bytes, {self._reading!r}>"

    def feed(self, data: bytes) -> list[Delta]:
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
        self._reading.take(decode_chunk(body), body, deltas)
        deltas.append(self._reading.finish())
        self.is_finished = True
        return deltas


def _take_part(part: PartIn, deltas: list[Delta]) -> None:
    """Content in parts, some of which are thoughts."""
    if part.text:
        deltas.append(TextDelta(part.text))
    thoughts = part.thinking
    if isinstance(thoughts, str) and thoughts:
        deltas.append(ReasoningDelta(thoughts))
    elif isinstance(thoughts, list):
        for thought in thoughts:
            text = thought.get("text") if isinstance(thought, dict) else None
            if isinstance(text, str) and text:
                deltas.append(ReasoningDelta(text))
