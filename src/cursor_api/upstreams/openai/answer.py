"""An answer, event by event or in one piece, as deltas; no I/O.

Rules of this file:
- An answer is whole when the server has said why it ended; then, and only then, `Finished` is
  given, as the last delta, once `[DONE]` or the body's end shows that no usage follows.
- Some servers give a reason for each call, and `stop` behind them; some give `stop` with every
  chunk. So `stop` takes no other reason back; and where more is said behind a reason, an answer
  that breaks off is not whole.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from msgspec import Raw

from cursor_api.domain.deltas import (
    CitationDelta,
    Delta,
    Finished,
    FinishReason,
    ReasoningDelta,
    RefusalDelta,
    TextDelta,
)
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.transport.refusals import FaultContext
from cursor_api.upstreams.openai.calls import AS_THEY_ARE, Calls, WrittenTools
from cursor_api.upstreams.openai.chunks import (
    ChoiceIn,
    ChunkIn,
    MessageIn,
    PartIn,
    decode_chunk,
    is_empty,
    read_citations,
    read_usage,
)
from cursor_api.upstreams.openai.faults import fault_of_error
from cursor_api.wire.sse import EVENT_DEFAULT, Event
from cursor_api.wire.surrogates import Halves

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
    """What has been read of one answer, however it is framed: transport.events.Reading.

    `has_many`: several answers were asked for. What the further ones say is only counted, as they
    reach the caller as they came; and that one of them has ended says nothing of the others.
    """

    __slots__ = (
        "_calls",
        "_goes_on",
        "_halves",
        "_has_many",
        "_hides_usage",
        "_is_done",
        "_is_usage_only",
        "_reason",
        "_usage",
        "context",
    )

    def __init__(
        self,
        context: FaultContext,
        new_id: Callable[[], str],
        tools: WrittenTools = AS_THEY_ARE,
        *,
        hides_usage: bool = False,
        has_many: bool = False,
    ) -> None:
        self.context = context
        self._has_many = has_many
        self._hides_usage = hides_usage
        self._halves = Halves()
        self._is_done = False
        # Whether the last chunk said nothing else.
        self._is_usage_only = False
        self._calls = Calls(new_id, tools)
        self._reason: FinishReason | None = None
        # Whether anything was said behind a reason.
        self._goes_on = False
        self._usage = Raw(b"")

    def __repr__(self) -> str:
        return f"Reading({self._calls!r}, reason={self._reason})"

    @property
    def is_stated(self) -> bool:
        """Whether the server has said why the answer ended."""
        return self._reason is not None and not self._goes_on and not self._has_many

    def take_event(self, event: Event, deltas: list[Delta]) -> bool:
        """See transport.events.Reading."""
        text = event.data
        if text == DONE:
            self._is_done = True
            return True
        if event.event != EVENT_DEFAULT:
            if event.event == ERROR_EVENT:
                raise fault_of_error(text, self.context)
            if event.event in PING_EVENTS:
                return False
        if text:
            self._take(decode_chunk(text, self._halves), text, deltas)
        return False

    def hides(self, event: Event) -> bool:
        """See transport.events.Reading."""
        return event.data == DONE or (self._hides_usage and self._is_usage_only)

    def take_whole(self, body: bytes, deltas: list[Delta]) -> None:
        """See transport.events.Reading."""
        self._take(decode_chunk(body), body, deltas)
        self._is_done = True

    def _take(self, chunk: ChunkIn, text: str | bytes, deltas: list[Delta]) -> None:
        """What a chunk says; `text` is the chunk as it came. Raises Fault."""
        if chunk.is_error:
            raise fault_of_error(text, self.context)
        for choice in chunk.choices or ():
            if choice.index:
                self._take_further(choice, deltas)
                continue
            said = choice.delta or choice.message
            if said is not None:
                said_before = len(deltas)
                self._take_message(said, deltas)
                if self._reason is not None and len(deltas) > said_before:
                    self._goes_on = True
            if choice.finish_reason:
                self._end(choice.finish_reason)
        has_usage = not is_empty(chunk.usage)
        self._is_usage_only = has_usage and not chunk.choices
        if has_usage:
            self._usage = Raw(bytes(chunk.usage))

    def finish(self, deltas: list[Delta]) -> None:
        """See transport.events.Reading."""
        reason = self._reason
        if reason is None or (self._has_many and not self._is_done):
            raise Fault(
                FaultKind.INCOMPLETE,
                f"{self.context.name} stopped before it said that its answer is whole.",
            )
        if reason is FinishReason.STOP and self._calls.count:
            # Some servers say `stop` after calls; clients decide by the reason.
            reason = FinishReason.TOOL_CALLS
        self._calls.end(deltas)
        deltas.append(Finished(reason, read_usage(self._usage), is_stated=True))

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
        if said.annotations and (cited := read_citations(said.annotations)):
            deltas.append(CitationDelta(cited))
        if said.refusal:
            deltas.append(RefusalDelta(said.refusal))
        if said.tool_calls:
            for call in said.tool_calls:
                self._calls.add(call, deltas)
        elif said.function_call is not None:
            self._calls.add_function(said.function_call, deltas)

    def _take_further(self, choice: ChoiceIn, deltas: list[Delta]) -> None:
        """An answer beside the first, if it was asked for."""
        said = choice.delta or choice.message
        if self._has_many and said is not None and isinstance(said.content, str) and said.content:
            deltas.append(TextDelta(said.content))

    def _end(self, word: str) -> None:
        word = word.lower()
        if word in FAILURES:
            raise Fault(
                FAILURES[word],
                f"{self.context.name} broke off its answer.",
                upstream_code=word,
            )
        # A word of the server's own (`eos`, `stop_sequence`) is an end as good as any.
        reason = REASONS.get(word, FinishReason.STOP)
        if self._reason is None or reason is not FinishReason.STOP:
            self._reason = reason


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
