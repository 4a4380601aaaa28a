"""OpenAI's Responses, the answering half.

Rules of this file:
- Deltas go in, events come out, in order; no text is trimmed. Only what comes within a call is held
  back (wire/in_turn.py).
- `response.completed` comes only after a `Finished` delta: `finish()` and `body()` raise
  INCOMPLETE otherwise. A stream that fails ends with `response.failed` and nothing after it.
- One item is open at a time, as with OpenAI itself: some clients take every event for that of the
  item which was added last.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from cursor_api.dialects.openai_responses.failures import render_failure
from cursor_api.dialects.openai_responses.output import (
    Called,
    CallItem,
    Events,
    MessageItem,
    ReasoningItem,
)
from cursor_api.dialects.openai_responses.request import Style
from cursor_api.dialects.openai_responses.schema import ID_PREFIX
from cursor_api.domain.deltas import (
    CitationDelta,
    Delta,
    Finished,
    FinishReason,
    ReasoningDelta,
    ReasoningSealed,
    RefusalDelta,
    StatusDelta,
    TextDelta,
    ToolArgumentsDelta,
    ToolCallBegun,
    Usage,
)
from cursor_api.domain.endings import get_usage, goes_on, is_incomplete
from cursor_api.domain.errors import Fault
from cursor_api.ports.dialect import AnswerHead
from cursor_api.wire.in_turn import InTurn
from cursor_api.wire.sse_text import encode_comment, encode_line

# Why an answer is not complete.
INCOMPLETE: Final = {
    FinishReason.LENGTH: b"max_output_tokens",
    FinishReason.REFUSED: b"content_filter",
}


class EventRenderer:
    """One streamed answer as Server-Sent Events."""

    __slots__ = (
        "_call",
        "_custom",
        "_echo",
        "_events",
        "_finished",
        "_grouped",
        "_has_begun",
        "_head",
        "_id",
        "_in_turn",
        "_message",
        "_output",
        "_reasoning",
    )

    def __init__(self, head: AnswerHead, style: Style) -> None:
        self._id = head.request_id.encode()
        self._head = b'{"id":"%b%b","object":"response","created_at":%d,"model":%b,' % (
            ID_PREFIX.encode(),
            self._id,
            head.created,
            encode_line(head.model),
        )
        self._echo = style.echo
        self._custom = style.custom
        self._grouped = style.grouped
        self._events = Events()
        # Whole items by their place; b"" for one that is open.
        self._output: list[bytes] = []
        self._message: MessageItem | None = None
        self._reasoning: ReasoningItem | None = None
        self._call: CallItem | None = None
        self._in_turn = InTurn()
        self._finished: Finished | None = None
        self._has_begun = False

    @property
    def id(self) -> str:
        """What the caller knows the answer by."""
        return f"{ID_PREFIX}{self._id.decode()}"

    def __repr__(self) -> str:
        return f"EventRenderer(items={len(self._output)}, finished={self._finished})"

    @property
    def is_finished(self) -> bool:
        """Whether the answer's end has been rendered, so that `finish` may be called."""
        return self._finished is not None

    def render(self, deltas: Sequence[Delta]) -> bytes:
        """The bytes of one write; b"" when there is nothing to say.

        Raises Fault(PROTOCOL_ERROR) when something follows the answer's end.
        """
        if not self._has_begun:
            self._begin()
        message = self._message
        for delta in deltas:
            if type(delta) is TextDelta and message is not None and message.is_text:
                message.add(delta.text)
            else:
                self._require_open()
                for one in self._in_turn.add(delta):
                    self._render_one(one)
                message = self._message
        return self._events.take()

    def finish(self) -> bytes:
        """The end of a whole answer; raises Fault(INCOMPLETE) when no `Finished` has come."""
        finished = self._get_finished()
        kind = b"response.incomplete" if finished.reason in INCOMPLETE else b"response.completed"
        self._events.add(kind, b'"response":%b' % self.response())
        return self._events.take()

    def response(self) -> bytes:
        """The whole response as an object; raises Fault(INCOMPLETE)."""
        finished = self._get_finished()
        usage = _usage_object(get_usage(finished))
        reason = INCOMPLETE.get(finished.reason)
        if reason is None:
            return self._response(b"completed", usage=usage)
        return self._response(b"incomplete", usage=usage, details=b'{"reason":"%b"}' % reason)

    def output(self) -> bytes:
        """The items of the answer, as a JSON list."""
        return b"[%b]" % b",".join([item for item in self._output if item])

    def fault(self, fault: Fault, *, is_passthrough: bool = False) -> bytes:  # noqa: ARG002
        """The events that end a failed stream. Send nothing after them."""
        if not self._has_begun:
            self._begin()
        error = render_failure(fault)
        self._events.add(
            b"response.failed", b'"response":%b' % self._response(b"failed", error=error)
        )
        return self._events.take()

    def _response(
        self,
        status: bytes,
        *,
        usage: bytes = b"null",
        details: bytes = b"null",
        error: bytes = b"null",
    ) -> bytes:
        return b'%b%b"status":"%b","error":%b,"incomplete_details":%b,"output":%b,"usage":%b}' % (
            self._head,
            self._echo,
            status,
            error,
            details,
            self.output(),
            usage,
        )

    def _begin(self) -> None:
        self._has_begun = True
        response = b'"response":%b' % self._response(b"in_progress")
        self._events.add(b"response.created", response)
        self._events.add(b"response.in_progress", response)

    def _render_one(self, delta: Delta) -> None:
        match delta:
            case TextDelta(text):
                message = self._open_message()
                message.open_text()
                message.add(text)
            case RefusalDelta(text):
                message = self._open_message()
                message.open_refusal()
                message.add(text)
            case ReasoningDelta(text):
                reasoning = self._open_reasoning()
                reasoning.open_text()
                reasoning.add(text)
            case ReasoningSealed(signature, redacted):
                self._seal(signature, redacted)
            case ToolCallBegun() | ToolArgumentsDelta():
                self._render_call(delta)
            case CitationDelta(citations):
                message = self._open_message()
                message.open_text()
                message.cite(citations)
            case StatusDelta(message=words):
                self._events.out.append(encode_comment(words))
            case Finished(reason):
                self._end_items(b"incomplete" if reason in INCOMPLETE else b"completed")
                self._finished = delta

    def _require_open(self) -> None:
        if self._finished is not None:
            raise goes_on()

    def _new_item(self, prefix: bytes) -> tuple[Events, bytes, int]:
        index = len(self._output)
        self._output.append(b"")
        return self._events, b"%b_%b_%d" % (prefix, self._id, index), index

    def _open_message(self) -> MessageItem:
        if self._message is None:
            self._end_items()
            self._message = MessageItem(*self._new_item(b"msg"))
        return self._message

    def _open_reasoning(self) -> ReasoningItem:
        if self._reasoning is None:
            self._end_items()
            self._reasoning = ReasoningItem(*self._new_item(b"rs"))
        return self._reasoning

    def _seal(self, signature: str, redacted: str) -> None:
        if redacted:
            self._close_reasoning()
        self._open_reasoning()
        self._close_reasoning(signature, redacted)

    def _render_call(self, call: ToolCallBegun | ToolArgumentsDelta) -> None:
        if isinstance(call, ToolArgumentsDelta):
            if self._call is not None:  # it is, in turn
                self._call.add(call.text)
            return
        self._end_items()
        is_custom = call.name in self._custom
        item = self._new_item(b"ctc" if is_custom else b"fc")
        namespace, name = self._grouped.get(call.name, ("", call.name))
        self._call = CallItem(*item, Called(call.id, name, namespace, is_custom))

    def _close_reasoning(self, signature: str = "", redacted: str = "") -> None:
        if self._reasoning is not None:
            self._output[self._reasoning.index] = self._reasoning.end(signature, redacted)
            self._reasoning = None

    def _end_items(self, status: bytes = b"completed") -> None:
        """End the one that is open."""
        for item in (self._message, self._call):
            if item is not None:
                self._output[item.index] = item.end(status)
        self._message = self._call = None
        self._close_reasoning()

    def _get_finished(self) -> Finished:
        if self._finished is None:
            raise is_incomplete()
        return self._finished


class ResponseFolder:
    """The same deltas folded into one `response` object: what the last event would hold."""

    __slots__ = ("_body", "_renderer")

    def __init__(self, head: AnswerHead, style: Style) -> None:
        self._renderer = EventRenderer(head, style)
        self._body = b""

    def __repr__(self) -> str:
        return f"ResponseFolder({self._renderer})"

    def feed(self, deltas: Sequence[Delta]) -> None:
        """Take in one batch; raises Fault(PROTOCOL_ERROR) for what follows the answer's end."""
        self._renderer.render(deltas)

    def body(self) -> bytes:
        """The whole answer as JSON; raises Fault(INCOMPLETE) when no `Finished` has come."""
        self._body = self._renderer.response()
        return self._body

    @property
    def id(self) -> str:
        """What the caller knows the answer by."""
        return self._renderer.id

    def response(self) -> bytes:
        """The same, once more."""
        return self._body or self.body()


def _usage_object(usage: Usage) -> bytes:
    return (
        b'{"input_tokens":%d,"input_tokens_details":{"cached_tokens":%d,"cache_write_tokens":%d},'
        b'"output_tokens":%d,"output_tokens_details":{"reasoning_tokens":%d},"total_tokens":%d}'
        % (
            usage.input_count,
            usage.cache_read_count,
            usage.cache_written_count,
            usage.output_count,
            usage.reasoning_count,
            usage.total_count,
        )
    )
