"""Anthropic's messages, the streamed answer.

Rules of this file:
- Deltas go in, bytes come out, in order; no text is trimmed or joined. Only what comes within a
  call is held back (wire/in_turn.py).
- Each event has its name in an `event:` line: Anthropic's clients see no other.
- One block is open at a time. A block of a message is text, thinking or one call.
- A stream that fails ends with an `error` event and nothing after it: without `message_stop` no
  client takes it for a whole one.
- Sources of an answer (`CitationDelta`) have no place: a citation of Anthropic's is sealed by its
  servers, and they refuse a conversation that brings back one that they did not seal.
- The hot path is `MessageRenderer.render`: a constant prefix, the escaped text, a constant suffix.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from cursor_api.dialects.anthropic_messages.ending import stop_fields, usage_object
from cursor_api.dialects.anthropic_messages.faults import render_error_object
from cursor_api.dialects.anthropic_messages.request import (
    SHOWS_SEALS,
    SHOWS_THOUGHTS,
    ThinkingShown,
)
from cursor_api.domain.deltas import (
    CitationDelta,
    Delta,
    Finished,
    NativeBatch,
    ReasoningDelta,
    ReasoningSealed,
    RefusalDelta,
    StatusDelta,
    TextDelta,
    ToolArgumentsDelta,
    ToolCallBegun,
)
from cursor_api.domain.endings import get_usage, goes_on, is_incomplete
from cursor_api.domain.errors import Fault
from cursor_api.ports.dialect import AnswerHead
from cursor_api.wire.in_turn import InTurn
from cursor_api.wire.sse_text import encode_comment, encode_line, escape_line_ends

ID_PREFIX: Final = "msg_"

_MESSAGE_START: Final = (
    b'event: message_start\ndata: {"type":"message_start","message":{"id":%b,"type":"message",'
    b'"role":"assistant","model":%b,"content":[],"stop_reason":null,"stop_sequence":null,'
    # What it costs is known at the end; `message_delta` tells all of it.
    b'"usage":{"input_tokens":0,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,'
    b'"output_tokens":0}}}\n\n'
)
_BLOCK_START: Final = (
    b'event: content_block_start\ndata: {"type":"content_block_start","index":%d,'
    b'"content_block":{%b}}\n\n'
)
_BLOCK_DELTA: Final = (
    b'event: content_block_delta\ndata: {"type":"content_block_delta","index":%d,"delta":{"type":"'
)
_BLOCK_STOP: Final = (
    b'event: content_block_stop\ndata: {"type":"content_block_stop","index":%d}\n\n'
)
_MESSAGE_DELTA: Final = (
    b'event: message_delta\ndata: {"type":"message_delta","delta":%b,"usage":%b}\n\n'
)
_MESSAGE_STOP: Final = b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
_STOP_NAME: Final = b"message_stop"
_ERROR: Final = b"event: error\ndata: %b\n\n"
_DELTA_END: Final = b"}}\n\n"
_TEXT_BLOCK: Final = b'"type":"text","text":""'
_TEXT: Final = b'text_delta","text":'
_THINKING_BLOCK: Final = b'"type":"thinking","thinking":"","signature":""'
_THINKING: Final = b'thinking_delta","thinking":'
_SIGNATURE: Final = b'signature_delta","signature":'
_REDACTED_BLOCK: Final = b'"type":"redacted_thinking","data":%b'
_CALL_BLOCK: Final = b'"type":"tool_use","id":%b,"name":%b,"input":{}'
_ARGUMENTS: Final = b'input_json_delta","partial_json":'

_encode = msgspec.json.Encoder().encode


class MessageRenderer:
    """One streamed answer as Server-Sent Events."""

    __slots__ = (
        "_delta_start",
        "_finished",
        "_head",
        "_in_turn",
        "_index",
        "_is_refused",
        "_is_stopped",
        "_open",
        "_text_start",
        "_thinking",
    )

    def __init__(self, head: AnswerHead, *, thinking: ThinkingShown = ThinkingShown.ALL) -> None:
        # b"" once it is sent.
        self._head = _MESSAGE_START % (
            encode_line(ID_PREFIX + head.request_id),
            encode_line(head.model),
        )
        self._thinking = thinking
        self._in_turn = InTurn()
        # What the open block is made of, and its number; None and the next one's between blocks.
        self._open: type[Delta] | None = None
        self._index = 0
        self._delta_start = b""
        # b"" where no text is open.
        self._text_start = b""
        self._is_refused = False
        self._finished: Finished | None = None
        # Whether the upstream's own events have told the end.
        self._is_stopped = False

    def __repr__(self) -> str:
        return f"MessageRenderer(index={self._index}, finished={self._finished})"

    @property
    def is_finished(self) -> bool:
        """Whether the answer's end has been rendered, so that `finish` may be called."""
        return self._finished is not None

    def render(self, deltas: Sequence[Delta]) -> bytes:
        """The bytes of one write; b"" when there is nothing to say.

        Raises Fault(PROTOCOL_ERROR) when something follows the answer's end.
        """
        if type(deltas) is NativeBatch:
            return self._pass_on(deltas)
        out: list[bytes] = []
        if self._head:
            out.append(self._head)
            self._head = b""
        for delta in deltas:
            if self._finished is not None:
                raise goes_on()
            if type(delta) is TextDelta and self._text_start:
                out += (self._text_start, encode_line(delta.text), _DELTA_END)
            else:
                for one in self._in_turn.add(delta):
                    self._render_one(one, out)
        return b"".join(out)

    def finish(self) -> bytes:
        """The end of a whole answer; raises Fault(INCOMPLETE) when no `Finished` has come."""
        if self._finished is None:
            raise is_incomplete()
        return b"" if self._is_stopped else _MESSAGE_STOP

    def fault(self, fault: Fault, *, is_passthrough: bool = False) -> bytes:
        """The error event that ends a failed stream. Send nothing after it."""
        error = render_error_object(fault, is_passthrough=is_passthrough)
        return _ERROR % escape_line_ends(error)

    def _pass_on(self, batch: NativeBatch) -> bytes:
        """The upstream's own events, in this dialect."""
        if self._finished is not None:
            raise goes_on()
        last = batch[-1]
        if isinstance(last, Finished):
            self._finished = last
            self._is_stopped = _STOP_NAME in batch.body[-len(_MESSAGE_STOP) :]
        return batch.body

    def _render_one(self, delta: Delta, out: list[bytes]) -> None:
        match delta:
            case TextDelta(text) | RefusalDelta(text):
                self._is_refused |= type(delta) is RefusalDelta
                if self._open is not TextDelta:
                    self._begin(TextDelta, _TEXT_BLOCK, out)
                out += (self._text_start, encode_line(text), _DELTA_END)
            case ReasoningDelta() | ReasoningSealed():
                self._think(delta, out)
            case ToolCallBegun(_, id_, name):
                block = _CALL_BLOCK % (encode_line(id_), encode_line(name))
                self._begin(ToolCallBegun, block, out)
            case ToolArgumentsDelta(_, text):
                out += (self._delta_start, _ARGUMENTS, encode_line(text), _DELTA_END)
            case StatusDelta(message):
                out.append(encode_comment(message))
            case CitationDelta():
                pass
            case Finished():
                self._end_block(out)
                stop = stop_fields(delta, is_refused=self._is_refused)
                usage = usage_object(get_usage(delta))
                out.append(_MESSAGE_DELTA % (escape_line_ends(_encode(stop)), _encode(usage)))
                self._finished = delta

    def _think(self, delta: ReasoningDelta | ReasoningSealed, out: list[bytes]) -> None:
        is_seal = isinstance(delta, ReasoningSealed)
        if self._thinking not in (SHOWS_SEALS if is_seal else SHOWS_THOUGHTS):
            return
        if isinstance(delta, ReasoningSealed) and delta.redacted:
            self._begin(ReasoningSealed, _REDACTED_BLOCK % encode_line(delta.redacted), out)
            self._end_block(out)
            return
        if self._open is not ReasoningDelta:
            self._begin(ReasoningDelta, _THINKING_BLOCK, out)
        if isinstance(delta, ReasoningDelta):
            out += (self._delta_start, _THINKING, encode_line(delta.text), _DELTA_END)
        else:
            out += (self._delta_start, _SIGNATURE, encode_line(delta.signature), _DELTA_END)
            self._end_block(out)

    def _begin(self, kind: type[Delta], block: bytes, out: list[bytes]) -> None:
        """Begin a block, after the end of the one that is open."""
        self._end_block(out)
        self._open = kind
        self._delta_start = _BLOCK_DELTA % self._index
        self._text_start = self._delta_start + _TEXT if kind is TextDelta else b""
        out.append(_BLOCK_START % (self._index, block))

    def _end_block(self, out: list[bytes]) -> None:
        if self._open is not None:
            out.append(_BLOCK_STOP % self._index)
            self._open, self._text_start = None, b""
            self._index += 1
