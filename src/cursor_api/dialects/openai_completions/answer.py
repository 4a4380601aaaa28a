"""OpenAI's completions, the answering half: the text alone.

Thoughts have no place in this API, and calls were never asked for. What a model says in refusing
is text as well. The end is as in the other dialects: none without a `Finished`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from cursor_api.dialects.openai.faults import render_error_object
from cursor_api.dialects.openai.usage import usage_object
from cursor_api.dialects.openai_completions.request import Style
from cursor_api.domain.deltas import (
    Delta,
    Finished,
    FinishReason,
    RefusalDelta,
    StatusDelta,
    TextDelta,
)
from cursor_api.domain.endings import get_usage, goes_on, is_incomplete
from cursor_api.domain.errors import Fault
from cursor_api.ports.dialect import AnswerHead
from cursor_api.wire.pieces import Pieces
from cursor_api.wire.sse_text import encode_comment, encode_line, escape_line_ends

FINISH_REASONS: Final = {
    FinishReason.STOP: "stop",
    FinishReason.LENGTH: "length",
    FinishReason.TOOL_CALLS: "stop",
    FinishReason.REFUSED: "content_filter",
}
ID_PREFIX: Final = "cmpl-"

_DONE: Final = b"data: [DONE]\n\n"
_TEXT_END: Final = b',"index":0,"logprobs":null,"finish_reason":null}]}\n\n'

_encode = msgspec.json.Encoder().encode


class TextRenderer:
    """One streamed answer as chunks of text."""

    __slots__ = ("_echoed", "_finished", "_head", "_include_usage", "_text_start")

    def __init__(self, head: AnswerHead, style: Style) -> None:
        self._head = b'data: {"id":%b,"object":"text_completion","created":%d,"model":%b,' % (
            encode_line(ID_PREFIX + head.request_id),
            head.created,
            encode_line(head.model),
        )
        self._include_usage = style.include_usage
        usage = b'"usage":null,' if style.include_usage else b""
        self._text_start = self._head + usage + b'"choices":[{"text":'
        self._echoed = style.echoed
        self._finished: Finished | None = None

    def __repr__(self) -> str:
        return f"TextRenderer(finished={self._finished})"

    @property
    def is_finished(self) -> bool:
        """Whether the answer's end has been rendered, so that `finish` may be called."""
        return self._finished is not None

    def render(self, deltas: Sequence[Delta]) -> bytes:
        """The bytes of one write; raises Fault(PROTOCOL_ERROR) for what follows the end."""
        out: list[bytes] = []
        for piece in self._echoed:
            out += (self._text_start, encode_line(piece), _TEXT_END)
        self._echoed = ()
        for delta in deltas:
            if self._finished is not None:
                raise goes_on()
            if isinstance(delta, TextDelta | RefusalDelta):
                out += (self._text_start, encode_line(delta.text), _TEXT_END)
            elif isinstance(delta, StatusDelta):
                out.append(encode_comment(delta.message))
            elif isinstance(delta, Finished):
                self._finished = delta
                reason = FINISH_REASONS[delta.reason].encode()
                end = b'"","index":0,"logprobs":null,"finish_reason":"%b"}]}\n\n' % reason
                out += (self._text_start, end)
        return b"".join(out)

    def finish(self) -> bytes:
        """What closes a whole answer; raises Fault(INCOMPLETE) when no `Finished` has come."""
        usage = _usage_object(self._finished)
        if not self._include_usage:
            return _DONE
        return b'%b"choices":[],"usage":%b}\n\n%b' % (self._head, _encode(usage), _DONE)

    def fault(self, fault: Fault, *, is_passthrough: bool = False) -> bytes:
        """The error event that ends a failed stream. Send nothing after it."""
        error = render_error_object(fault, is_passthrough=is_passthrough)
        return b"data: %b\n\n" % escape_line_ends(error)


class TextFolder:
    """The same deltas folded into one `text_completion` object."""

    __slots__ = ("_finished", "_head", "_text")

    def __init__(self, head: AnswerHead, style: Style) -> None:
        self._head = head
        self._text = Pieces()
        self._text.new += style.echoed
        self._finished: Finished | None = None

    def __repr__(self) -> str:
        return f"TextFolder(pieces={len(self._text)}, finished={self._finished})"

    def feed(self, deltas: Sequence[Delta]) -> None:
        """Take in one batch; raises Fault(PROTOCOL_ERROR) for what follows the answer's end."""
        for delta in deltas:
            if self._finished is not None:
                raise goes_on()
            if isinstance(delta, TextDelta | RefusalDelta):
                self._text.new.append(delta.text)
            elif isinstance(delta, Finished):
                self._finished = delta
        self._text.tidy()

    def body(self) -> bytes:
        """The whole answer as JSON; raises Fault(INCOMPLETE) when no `Finished` has come."""
        usage = _usage_object(self._finished)
        reason = FINISH_REASONS[self._finished.reason] if self._finished is not None else None
        choice = {"text": str(self._text), "index": 0, "logprobs": None, "finish_reason": reason}
        return _encode(
            {
                "id": ID_PREFIX + self._head.request_id,
                "object": "text_completion",
                "created": self._head.created,
                "model": self._head.model,
                "choices": [choice],
                "usage": usage,
            }
        )


def _usage_object(finished: Finished | None) -> dict[str, object]:
    if finished is None:
        raise is_incomplete()
    return usage_object(get_usage(finished))
