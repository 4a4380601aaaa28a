"""Anthropic's messages, the answer in one piece."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import Raw

from cursor_api.dialects.anthropic_messages.answer import ID_PREFIX
from cursor_api.dialects.anthropic_messages.ending import stop_fields, usage_object
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
from cursor_api.ports.dialect import AnswerHead
from cursor_api.wire.in_turn import InTurn, is_object
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

    __slots__ = ("_blocks", "_finished", "_head", "_in_turn", "_is_refused", "_native", "_thinking")

    def __init__(self, head: AnswerHead, *, thinking: ThinkingShown = ThinkingShown.ALL) -> None:
        self._head = head
        self._thinking = thinking
        self._blocks: list[_Block] = []
        self._in_turn = InTurn()
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
                self._say(TextDelta, {}, delta.text)
                continue
            for one in self._in_turn.add(delta):
                self._add(one)

    def _add(self, delta: Delta) -> None:
        match delta:
            case TextDelta(text) | RefusalDelta(text):
                self._is_refused |= type(delta) is RefusalDelta
                self._say(TextDelta, {"type": "text"}, text)
            case ReasoningDelta() | ReasoningSealed():
                self._think(delta)
            case ToolCallBegun(_, id_, name):
                call: dict[str, object] = {"type": "tool_use", "id": id_, "name": name}
                self._blocks.append(_Block(ToolCallBegun, call))
            case ToolArgumentsDelta(_, text):
                # They come right behind their call.
                self._say(ToolCallBegun, {}, text)
            case StatusDelta() | CitationDelta():
                # What the upstream was busy with is of no use afterwards; of sources see answer.py.
                pass
            case Finished():
                self._finished = delta

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

    def _say(self, kind: type[Delta], head: dict[str, object], text: str) -> None:
        if not self._blocks or self._blocks[-1].kind is not kind:
            self._blocks.append(_Block(kind, head))
        pieces = self._blocks[-1].pieces
        pieces.new.append(text)
        pieces.tidy()

    def _think(self, delta: ReasoningDelta | ReasoningSealed) -> None:
        if isinstance(delta, ReasoningDelta):
            if self._thinking in SHOWS_THOUGHTS:
                self._say(ReasoningDelta, _thinking(""), delta.text)
        elif self._thinking in SHOWS_SEALS:
            self._seal(delta)

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


def encode_input(arguments: str) -> Raw:
    """Arguments as the object that this dialect wants.

    Those that are none, as those of an answer that was too long, are shown as Anthropic advises:
    the tool's own checks then meet them.
    """
    if not arguments:
        return Raw(b"{}")
    return Raw(arguments.encode() if is_object(arguments) else _encode({"INVALID_JSON": arguments}))
