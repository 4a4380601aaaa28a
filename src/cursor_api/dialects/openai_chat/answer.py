"""OpenAI's chat completions, the answering half.

Rules of this file:
- Deltas go in, bytes come out, in order; no text is trimmed, joined or held back. Sources come
  once, at the end, as OpenAI's do: its client cannot put together two lists of them.
- An answer ends well only after a `Finished` delta: `finish()` and `body()` raise INCOMPLETE
  otherwise, so that no cut stream can be told as a whole one.
- A stream that fails ends with an `error` event and nothing after it: clients take a clean end
  without a finish reason for a complete answer.
- The hot path is `ChunkRenderer.render`: a constant prefix, the escaped text, a constant suffix.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from cursor_api.dialects.openai.faults import render_error_object
from cursor_api.dialects.openai.usage import usage_object
from cursor_api.dialects.openai_chat.calls import PLAIN, CallDeltas, Calls, Spelling
from cursor_api.domain.deltas import (
    Citation,
    CitationDelta,
    Delta,
    Finished,
    FinishReason,
    NativeBatch,
    ReasoningDelta,
    ReasoningSealed,
    RefusalDelta,
    StatusDelta,
    TextDelta,
    ToolArgumentsDelta,
    ToolCallBegun,
    Usage,
    UsageSource,
)
from cursor_api.domain.endings import get_usage, goes_on, is_incomplete
from cursor_api.domain.errors import Fault
from cursor_api.ports.dialect import AnswerHead
from cursor_api.wire.pieces import Pieces
from cursor_api.wire.sse_text import encode_comment, encode_line, escape_line_ends

FINISH_REASONS: dict[FinishReason, str] = {
    FinishReason.STOP: "stop",
    FinishReason.LENGTH: "length",
    FinishReason.TOOL_CALLS: "tool_calls",
    FinishReason.REFUSED: "content_filter",
}

ID_PREFIX = "chatcmpl-"

_DONE = b"data: [DONE]\n\n"
_EVENT_END = b"}\n\n"
_DELTA_END = b'},"finish_reason":null}]}\n\n'
_CONTENT = b'"content":'
_REASONING = b'"reasoning_content":'
_REFUSAL = b'"refusal":'
_ROLE = b'"role":"assistant","content":""'

_encode = msgspec.json.Encoder().encode


class ChunkRenderer:
    """One streamed answer as Server-Sent Events, one id and one `created` throughout.

    `include_usage` asks for the last chunk with `choices: []`; the others then carry
    `"usage":null`, as OpenAI's do. `spelling` is that of calls.
    """

    __slots__ = (
        "_calls",
        "_citations",
        "_delta_start",
        "_has_begun",
        "_head",
        "_include_usage",
        "_spelling",
        "_usage",
    )

    def __init__(
        self, head: AnswerHead, *, include_usage: bool, spelling: Spelling = PLAIN
    ) -> None:
        self._head = b'data: {"id":%b,"object":"chat.completion.chunk","created":%d,"model":%b,' % (
            encode_line(ID_PREFIX + head.request_id),
            head.created,
            encode_line(head.model),
        )
        usage = b'"usage":null,' if include_usage else b""
        self._delta_start = self._head + usage + b'"choices":[{"index":0,"delta":{'
        self._include_usage = include_usage
        self._has_begun = False
        self._spelling = spelling
        # None until there is one.
        self._calls: CallDeltas | None = None
        self._citations: tuple[Citation, ...] = ()
        self._usage: Usage | None = None

    def __repr__(self) -> str:
        return f"ChunkRenderer(has_begun={self._has_begun}, usage={self._usage})"

    @property
    def is_finished(self) -> bool:
        """Whether the answer's end has been rendered, so that `finish` may be called."""
        return self._usage is not None

    def render(self, deltas: Sequence[Delta]) -> bytes:
        """The bytes of one write; b"" when there is nothing to say.

        Raises Fault(PROTOCOL_ERROR) when something follows the answer's end.
        """
        self._require_open()
        if type(deltas) is NativeBatch:
            return self._pass_on(deltas)
        out: list[bytes] = []
        if not self._has_begun:
            self._has_begun = True
            out += (self._delta_start, _ROLE, _DELTA_END)
        for delta in deltas:
            if type(delta) is TextDelta:
                out += (self._delta_start, _CONTENT, encode_line(delta.text), _DELTA_END)
            else:
                self._render_other(delta, out)
        if self.is_finished and not isinstance(deltas[-1], Finished):
            raise goes_on()
        return b"".join(out)

    def finish(self) -> bytes:
        """The end of a whole answer; raises Fault(INCOMPLETE) when no `Finished` has come."""
        if self._usage is None:
            raise is_incomplete()
        if not self._include_usage:
            return _DONE
        return b'%b"choices":[],"usage":%b%b%b' % (
            self._head,
            _encode(usage_object(self._usage)),
            _EVENT_END,
            _DONE,
        )

    def fault(self, fault: Fault, *, is_passthrough: bool = False) -> bytes:
        """The error event that ends a failed stream. Send nothing after it."""
        error = render_error_object(fault, is_passthrough=is_passthrough)
        return b"data: %b\n\n" % escape_line_ends(error)

    def _pass_on(self, batch: NativeBatch) -> bytes:
        """The upstream's own events, in this dialect; its usage is among them where it counts."""
        last = batch[-1]
        if isinstance(last, Finished):
            self._usage = get_usage(last)
            self._include_usage &= self._usage.source is UsageSource.ESTIMATED
        return batch.body

    def _require_open(self) -> None:
        if self._usage is not None:
            raise goes_on()

    def _render_other(self, delta: Delta, out: list[bytes]) -> None:
        self._require_open()
        match delta:
            case TextDelta(text):  # `render` has dealt with it; here for the match to be total
                out += (self._delta_start, _CONTENT, encode_line(text), _DELTA_END)
            case ReasoningDelta(text):
                out += (self._delta_start, _REASONING, encode_line(text), _DELTA_END)
            case RefusalDelta(text):
                out += (self._delta_start, _REFUSAL, encode_line(text), _DELTA_END)
            case ToolCallBegun() | ToolArgumentsDelta():
                out += (self._delta_start, self._call(delta), _DELTA_END)
            case ReasoningSealed():
                pass  # this dialect has no place for it
            case CitationDelta(citations):
                self._citations += citations
            case StatusDelta(message):
                out.append(encode_comment(message))
            case Finished(reason):
                self._usage = get_usage(delta)
                if self._citations:
                    annotations = escape_line_ends(_encode(_annotations(self._citations)))
                    out += (self._delta_start, b'"annotations":', annotations, _DELTA_END)
                finish_reason = _finish_reason(reason, self._spelling).encode()
                out.append(b'%b},"finish_reason":"%b"}]}\n\n' % (self._delta_start, finish_reason))

    def _call(self, delta: ToolCallBegun | ToolArgumentsDelta) -> bytes:
        if self._calls is None:
            self._calls = CallDeltas(self._spelling)
        return escape_line_ends(self._calls.render(delta))


class CompletionFolder:
    """The same deltas folded into one `chat.completion` object."""

    __slots__ = (
        "_calls",
        "_citations",
        "_finished",
        "_head",
        "_native",
        "_reasoning",
        "_refusal",
        "_spelling",
        "_text",
    )

    def __init__(self, head: AnswerHead, spelling: Spelling = PLAIN) -> None:
        self._head = head
        self._spelling = spelling
        self._text = Pieces()
        self._reasoning = Pieces()
        self._refusal = Pieces()
        self._calls = Calls(spelling)
        self._citations: list[Citation] = []
        self._finished: Finished | None = None
        # The upstream's own body, in this dialect.
        self._native = b""

    def __repr__(self) -> str:
        return f"CompletionFolder(pieces={len(self._text)}, finished={self._finished})"

    def feed(self, deltas: Sequence[Delta]) -> None:
        """Take in one batch.

        Raises Fault(PROTOCOL_ERROR) when something follows the answer's end.
        """
        if isinstance(deltas, NativeBatch):
            self._native = deltas.body
        for delta in deltas:
            self._add(delta)
        self._text.tidy()
        self._reasoning.tidy()

    def _add(self, delta: Delta) -> None:
        if self._finished is not None:
            raise goes_on()
        match delta:
            # The two that every answer has come first: a class is looked at after the other.
            case TextDelta():
                self._text.new.append(delta.text)
            case Finished():
                self._finished = delta
            case ReasoningDelta(text):
                self._reasoning.new.append(text)
            case RefusalDelta(text):
                self._refusal.new.append(text)
                self._refusal.tidy()
            case ToolCallBegun() | ToolArgumentsDelta():
                self._calls.add(delta)
            case CitationDelta(citations):
                self._citations.extend(citations)
            case StatusDelta() | ReasoningSealed():
                # What the upstream was busy with is of no use afterwards, and for the seal
                # this dialect has no place.
                pass

    def body(self) -> bytes:
        """The whole answer as JSON; raises Fault(INCOMPLETE) when no `Finished` has come."""
        if self._finished is None:
            raise is_incomplete()
        if self._native:
            return self._native
        text, refusal, reasoning = str(self._text), str(self._refusal), str(self._reasoning)
        has_calls = bool(self._calls)
        message: dict[str, object] = {
            "role": "assistant",
            "content": text if text or not (has_calls or refusal) else None,
            "refusal": refusal or None,
        }
        if reasoning:
            message["reasoning_content"] = reasoning
        if self._citations:
            message["annotations"] = _annotations(self._citations)
        if has_calls:
            message |= self._calls.fields()
        choice = {
            "index": 0,
            "message": message,
            "logprobs": None,
            "finish_reason": _finish_reason(self._finished.reason, self._spelling),
        }
        return _encode(
            {
                "id": ID_PREFIX + self._head.request_id,
                "object": "chat.completion",
                "created": self._head.created,
                "model": self._head.model,
                "choices": [choice],
                "usage": usage_object(get_usage(self._finished)),
            }
        )


def _annotations(citations: Iterable[Citation]) -> list[dict[str, object]]:
    return [
        {
            "type": "url_citation",
            "url_citation": {
                "start_index": citation.start,
                "end_index": citation.end,
                "url": citation.url,
                "title": citation.title,
            },
        }
        for citation in citations
    ]


def _finish_reason(reason: FinishReason, spelling: Spelling) -> str:
    if spelling.has_functions and reason is FinishReason.TOOL_CALLS:
        return "function_call"
    return FINISH_REASONS[reason]
