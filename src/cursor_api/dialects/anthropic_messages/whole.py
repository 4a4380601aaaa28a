"""Anthropic's messages, the answer in one piece."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from cursor_api.dialects.anthropic_messages.answer import ID_PREFIX
from cursor_api.dialects.anthropic_messages.calls import CallDelta, Order, Said, encode_input
from cursor_api.dialects.anthropic_messages.ending import stop_fields, usage_object
from cursor_api.dialects.anthropic_messages.request import ThinkingShown, is_shown
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
from cursor_api.ports.dialect import AnswerHead
from cursor_api.wire.pieces import Pieces

_encode = msgspec.json.Encoder().encode


class _Block:
    """A block that grows; `head` is what does not."""

    __slots__ = ("head", "kind", "pieces")

    def __init__(self, kind: type[Delta], head: dict[str, object]) -> None:
        self.kind = kind
        self.head = head
        self.pieces = Pieces()

    def content(self) -> dict[str, object]:
        """The block as it is in the answer."""
        if self.kind is TextDelta:
            return {**self.head, "text": str(self.pieces)}
        if self.kind is ReasoningDelta:
            return {**self.head, "thinking": str(self.pieces)}
        if self.kind is ToolCallBegun:
            return {**self.head, "input": encode_input(str(self.pieces))}
        return self.head


class MessageFolder:
    """The deltas of an answer folded into one `message` object."""

    __slots__ = ("_blocks", "_finished", "_head", "_is_refused", "_native", "_order", "_thinking")

    def __init__(self, head: AnswerHead, *, thinking: ThinkingShown = ThinkingShown.ALL) -> None:
        self._head = head
        self._thinking = thinking
        self._blocks: list[_Block] = []
        self._order = Order()
        self._is_refused = False
        self._finished: Finished | None = None
        # The upstream's own body, in this dialect.
        self._native = b""

    def __repr__(self) -> str:
        return f"MessageFolder(blocks={len(self._blocks)}, finished={self._finished})"

    def feed(self, deltas: Sequence[Delta]) -> None:
        """Take in one batch.

        Raises Fault(PROTOCOL_ERROR) when something follows the answer's end.
        """
        if isinstance(deltas, NativeBatch):
            self._native = deltas.body
        for delta in deltas:
            if self._finished is not None:
                raise goes_on()
            if type(delta) is TextDelta and self._blocks and self._blocks[-1].kind is TextDelta:
                # Nearly always: what would be the order of it is looked at where a block begins.
                self._say(TextDelta, {}, delta.text)
                continue
            match delta:
                case StatusDelta() | CitationDelta():
                    # What the upstream was busy with is of no use afterwards; of sources see
                    # answer.py.
                    pass
                case Finished():
                    self._take(self._order.flush())
                    self._finished = delta
                case _:
                    if is_shown(delta, self._thinking):
                        self._take(self._order.take(delta))

    def body(self) -> bytes:
        """The whole answer as JSON; raises Fault(INCOMPLETE) when no `Finished` has come."""
        if self._finished is None:
            raise is_incomplete()
        if self._native:
            return self._native
        return _encode(
            {
                "id": ID_PREFIX + self._head.request_id,
                "type": "message",
                "role": "assistant",
                "model": self._head.model,
                "content": [block.content() for block in self._blocks],
                **stop_fields(self._finished, is_refused=self._is_refused),
                "usage": usage_object(get_usage(self._finished)),
            }
        )

    def _take(self, deltas: Sequence[Said | CallDelta]) -> None:
        for delta in deltas:
            match delta:
                case TextDelta(text) | RefusalDelta(text):
                    self._is_refused |= type(delta) is RefusalDelta
                    self._say(TextDelta, {"type": "text"}, text)
                case ReasoningDelta(text):
                    self._say(ReasoningDelta, _thinking(""), text)
                case ReasoningSealed():
                    self._seal(delta)
                case ToolCallBegun(_, id_, name):
                    call: dict[str, object] = {"type": "tool_use", "id": id_, "name": name}
                    self._blocks.append(_Block(ToolCallBegun, call))
                case ToolArgumentsDelta(_, text):
                    # They come right behind their call.
                    self._say(ToolCallBegun, {}, text)

    def _say(self, kind: type[Delta], head: dict[str, object], text: str) -> None:
        if not self._blocks or self._blocks[-1].kind is not kind:
            self._blocks.append(_Block(kind, head))
        pieces = self._blocks[-1].pieces
        pieces.new.append(text)
        pieces.tidy()

    def _seal(self, delta: ReasoningSealed) -> None:
        if delta.redacted:
            redacted: dict[str, object] = {"type": "redacted_thinking", "data": delta.redacted}
            self._blocks.append(_Block(ReasoningSealed, redacted))
            return
        if not self._blocks or self._blocks[-1].kind is not ReasoningDelta:
            self._blocks.append(_Block(ReasoningDelta, {}))
        block = self._blocks[-1]
        block.head = {**_thinking(delta.signature), "thinking": str(block.pieces)}
        # What follows is another block.
        block.kind = ReasoningSealed


def _thinking(signature: str) -> dict[str, object]:
    return {"type": "thinking", "signature": signature}
