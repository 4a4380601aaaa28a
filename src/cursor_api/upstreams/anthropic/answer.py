"""An answer, event by event or in one piece, as deltas; no I/O.

Rules of this file:
- An answer is whole with `message_stop`, and with a reason why it ended; nothing else will do.
- Events, blocks and deltas of unknown types are skipped: the API's documentation says that there
  will be more of them. So are the blocks of what the upstream's own servers do.
- A block of thinking is sealed when it ends, so that it can be brought back.
- The text for a tool that takes any comes in a field of an object, and is given when it is whole.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from cursor_api.domain.deltas import (
    Citation,
    CitationDelta,
    Delta,
    Finished,
    FinishReason,
    ReasoningDelta,
    ReasoningSealed,
    RefusalDelta,
    TextDelta,
    ToolArgumentsDelta,
    ToolCallBegun,
)
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.transport.refusals import FaultContext
from cursor_api.upstreams.anthropic.events import (
    BlockIn,
    Counts,
    DeltaIn,
    EventIn,
    MessageIn,
    decode_event,
    decode_message,
    not_of_an_answer,
)
from cursor_api.upstreams.anthropic.faults import fault_of_error
from cursor_api.wire.free_text import hold_free_text, read_free_text
from cursor_api.wire.sse import Event
from cursor_api.wire.surrogates import Halves

# Models write a few dozen.
BLOCKS_MAX: Final = 2048

REASONS: Final[dict[str, FinishReason]] = {
    "end_turn": FinishReason.STOP,
    "stop_sequence": FinishReason.STOP,
    # Of the upstream's own tools: what is there is all that comes, until the caller asks again.
    "pause_turn": FinishReason.STOP,
    "max_tokens": FinishReason.LENGTH,
    "model_context_window_exceeded": FinishReason.LENGTH,
    "tool_use": FinishReason.TOOL_CALLS,
    "refusal": FinishReason.REFUSED,
}
_NO_INPUT: Final = frozenset({b"null", b"{}"})


class _Block:
    """A block that has begun. `call` is the number of the call that it is, -1 for any other.

    `text` has the arguments of a call whose tool takes any text, None for any other.
    """

    __slots__ = ("call", "has_arguments", "input", "signature", "text")

    def __init__(self) -> None:
        self.call = -1
        self.has_arguments = False
        self.input = b""
        self.signature = ""
        self.text: bytearray | None = None


class MessageReading:
    """What has been read of one answer, however it is framed: transport.events.Reading.

    `free_text` are the names of the tools that take any text.
    """

    __slots__ = (
        "_begun_count",
        "_blocks",
        "_call_count",
        "_counts",
        "_ended",
        "_free_text",
        "_halves",
        "_is_stopped",
        "context",
    )

    # Always False: before `message_stop`, something may be missing.
    is_stated = False

    def __init__(self, context: FaultContext, free_text: frozenset[str] = frozenset()) -> None:
        self.context = context
        self._free_text = free_text
        self._halves = Halves()
        # Those that have not ended, by number.
        self._blocks: dict[int, _Block] = {}
        self._begun_count = 0
        self._call_count = 0
        self._counts = Counts()
        self._ended: DeltaIn | MessageIn | None = None
        self._is_stopped = False

    def __repr__(self) -> str:
        reason = self._ended and self._ended.stop_reason
        return f"MessageReading({self._begun_count} blocks, reason={reason})"

    def take_event(self, event: Event, deltas: list[Delta]) -> bool:
        """See transport.events.Reading."""
        text = event.data
        if not text:
            return False
        try:
            said = decode_event(text, self._halves)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            if event.event == "ping":
                return False
            raise not_of_an_answer() from None
        # Some servers say it only in the one place, some only in the other.
        kind = said.type or event.event
        if kind == "message_stop":
            self._is_stopped = True
            return True
        if kind == "error":
            raise fault_of_error(text, self.context)
        take = _EVENTS.get(kind)
        if take is not None:
            take(self, said, deltas)
        return False

    def hides(self, _event: Event) -> bool:
        """See transport.events.Reading: all is for the caller, `message_stop` too."""
        return False

    def take_whole(self, body: bytes, deltas: list[Delta]) -> None:
        """See transport.events.Reading."""
        try:
            said = decode_message(body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            raise not_of_an_answer() from None
        if said.type == "error" or bytes(said.error) != b"null":
            raise fault_of_error(body, self.context)
        for index, block in enumerate(said.content or ()):
            self._begin(index, block, deltas)
            self._end_block(index, deltas)
        self._counts.take(said.usage)
        self._end(said, deltas)
        self._is_stopped = True

    def finish(self, deltas: list[Delta]) -> None:
        """See transport.events.Reading."""
        ended = self._ended
        if ended is None or not ended.stop_reason or not self._is_stopped:
            raise Fault(
                FaultKind.INCOMPLETE,
                f"{self.context.name} stopped before it said that its answer is whole.",
            )
        # An unknown stop reason counts as a normal end.
        reason = REASONS.get(ended.stop_reason, FinishReason.STOP)
        if reason is FinishReason.STOP and self._call_count:
            # Some servers say `end_turn` after calls; clients decide by the reason.
            reason = FinishReason.TOOL_CALLS
        stop_text = ended.stop_sequence or None
        deltas.append(Finished(reason, self._counts.read(), is_stated=True, stop_text=stop_text))

    def _take_begun(self, said: EventIn, deltas: list[Delta]) -> None:
        if said.content_block is not None:
            self._begin(said.index, said.content_block, deltas)

    def _begin(self, index: int, said: BlockIn, deltas: list[Delta]) -> None:
        self._begun_count += 1
        if self._begun_count > BLOCKS_MAX:
            raise Fault(
                FaultKind.PROTOCOL_ERROR,
                f"The upstream's answer has more than {BLOCKS_MAX} blocks.",
            )
        block = self._blocks[index] = _Block()
        if said.type == "text":
            _take_text(said, deltas)
        elif said.type == "thinking":
            if said.thinking:
                deltas.append(ReasoningDelta(said.thinking))
            block.signature = said.signature or ""
        elif said.type == "redacted_thinking":
            if said.data:
                deltas.append(ReasoningSealed("", said.data))
        elif said.type == "tool_use":
            if not said.id or not said.name:
                raise not_of_an_answer()
            block.call, block.input = self._call_count, bytes(said.input)
            self._call_count += 1
            if said.name in self._free_text:
                block.text = bytearray()
            deltas.append(ToolCallBegun(block.call, said.id, said.name))

    def _take_delta(self, said: EventIn, deltas: list[Delta]) -> None:
        delta = said.delta
        if delta is None:
            return
        if delta.type == "text_delta":
            if delta.text:
                deltas.append(TextDelta(delta.text))
        elif delta.type == "thinking_delta":
            if delta.thinking:
                deltas.append(ReasoningDelta(delta.thinking))
        elif delta.type == "citations_delta":
            _take_citation(delta.citation, deltas)
        else:
            self._take_of_block(said.index, delta, deltas)

    def _take_of_block(self, index: int, delta: DeltaIn, deltas: list[Delta]) -> None:
        block = self._blocks.get(index)
        if delta.type == "input_json_delta":
            if block is None:
                raise not_of_an_answer()
            # What the upstream's own servers are called with is no call of the caller's tools.
            if delta.partial_json and block.call >= 0:
                block.has_arguments = True
                if block.text is None:
                    deltas.append(ToolArgumentsDelta(block.call, delta.partial_json))
                else:
                    hold_free_text(block.text, delta.partial_json)
        elif delta.type == "signature_delta" and block is not None and delta.signature:
            block.signature += delta.signature

    def _take_ended(self, said: EventIn, deltas: list[Delta]) -> None:
        self._end_block(said.index, deltas)

    def _end_block(self, index: int, deltas: list[Delta]) -> None:
        block = self._blocks.pop(index, None)
        if block is None:
            return
        if block.signature:
            deltas.append(ReasoningSealed(block.signature))
        if block.call < 0:
            return
        if block.text is not None:
            arguments = bytes(block.text) or block.input
            if arguments not in _NO_INPUT and (text := read_free_text(arguments)):
                deltas.append(ToolArgumentsDelta(block.call, text))
        elif not block.has_arguments:
            # The arguments came with the block's start, as in a whole answer, or there are none.
            text = "{}" if block.input in _NO_INPUT else block.input.decode()
            deltas.append(ToolArgumentsDelta(block.call, text))

    def _take_start(self, said: EventIn, _deltas: list[Delta]) -> None:
        if said.message is not None:
            self._counts.take(said.message.usage)

    def _take_end(self, said: EventIn, deltas: list[Delta]) -> None:
        self._counts.take(said.usage)
        if said.delta is not None and said.delta.stop_reason:
            self._end(said.delta, deltas)

    def _end(self, said: DeltaIn | MessageIn, deltas: list[Delta]) -> None:
        self._ended = said
        if said.stop_reason == "refusal" and said.stop_details and said.stop_details.explanation:
            deltas.append(RefusalDelta(said.stop_details.explanation))


_EVENTS: Final[dict[str, Callable[[MessageReading, EventIn, list[Delta]], None]]] = {
    "message_start": MessageReading._take_start,  # noqa: SLF001 - its own methods
    "content_block_start": MessageReading._take_begun,  # noqa: SLF001
    "content_block_delta": MessageReading._take_delta,  # noqa: SLF001
    "content_block_stop": MessageReading._take_ended,  # noqa: SLF001
    "message_delta": MessageReading._take_end,  # noqa: SLF001
}


def _take_text(said: BlockIn, deltas: list[Delta]) -> None:
    """A block of text, which is empty where it begins in a stream."""
    if said.text:
        deltas.append(TextDelta(said.text))
    if isinstance(said.citations, list):
        for citation in said.citations:
            _take_citation(citation, deltas)


def _take_citation(said: Any, deltas: list[Delta]) -> None:
    """Pages have an address; other sources are the caller's own documents."""
    url = said.get("url") if isinstance(said, dict) else None
    if isinstance(url, str) and url:
        title = said.get("title")
        citation = Citation(url, title if isinstance(title, str) else "")
        deltas.append(CitationDelta((citation,)))
