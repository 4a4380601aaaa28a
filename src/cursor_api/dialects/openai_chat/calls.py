"""Tool calls in OpenAI's answers: `tool_calls`, or the older `function_call`.

A request that has `functions` in place of `tools` is answered in that older spelling, which has
room for one call. A call of a custom tool, which takes any text, has an `input` and no arguments.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Struct

from cursor_api.domain.deltas import ToolArgumentsDelta, ToolCallBegun
from cursor_api.domain.endings import has_no_call
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.wire.pieces import Pieces

_encode = msgspec.json.Encoder().encode


class Spelling(Struct, frozen=True):
    """How the request has its tools, and its answer the calls.

    `has_functions`: as before `tools`. `custom` are the names of those that take any text.
    """

    has_functions: bool = False
    custom: frozenset[str] = frozenset()


PLAIN: Final = Spelling()


class CallDeltas:
    """The calls of one streamed answer: id and name once, the arguments as they come."""

    __slots__ = ("_custom_calls", "_spelling")

    def __init__(self, spelling: Spelling) -> None:
        self._spelling = spelling
        # The numbers of those that are custom tools'.
        self._custom_calls: set[int] = set()

    def render(self, delta: ToolCallBegun | ToolArgumentsDelta) -> bytes:
        """The field of a chunk's delta.

        Raises Fault(PROTOCOL_ERROR) for a second call where there is room for one.
        """
        if isinstance(delta, ToolCallBegun) and delta.name in self._spelling.custom:
            self._custom_calls.add(delta.call)
        kind, text = "function", "arguments"
        if delta.call in self._custom_calls:
            kind, text = "custom", "input"
        call: dict[str, object] = {"index": delta.call}
        if isinstance(delta, ToolCallBegun):
            said = {"name": delta.name, text: ""}
            call |= {"id": delta.id, "type": kind}
        else:
            said = {text: delta.text}
        if self._spelling.has_functions:
            _require_only(delta.call)
            return b'"function_call":%b' % _encode(said)
        return b'"tool_calls":[%b]' % _encode(call | {kind: said})


class Calls:
    """The calls of one answer, gathered for its message."""

    __slots__ = ("_by_number", "_spelling")

    def __init__(self, spelling: Spelling) -> None:
        self._spelling = spelling
        self._by_number: dict[int, tuple[ToolCallBegun, Pieces]] = {}

    def __len__(self) -> int:
        return len(self._by_number)

    def add(self, delta: ToolCallBegun | ToolArgumentsDelta) -> None:
        """Take in one; raises Fault(PROTOCOL_ERROR) where it belongs to no call."""
        if self._spelling.has_functions:
            _require_only(delta.call)
        if isinstance(delta, ToolCallBegun):
            self._by_number[delta.call] = delta, Pieces()
            return
        if delta.call not in self._by_number:
            raise has_no_call()
        arguments = self._by_number[delta.call][1]
        arguments.new.append(delta.text)
        arguments.tidy()

    def fields(self) -> dict[str, object]:
        """What they are in a message; nothing where there are none."""
        calls = [(call, str(arguments)) for call, arguments in self._by_number.values()]
        if not calls:
            return {}
        if self._spelling.has_functions:
            call, arguments = calls[0]
            return {"function_call": {"name": call.name, "arguments": arguments}}
        return {"tool_calls": [self._call(call, arguments) for call, arguments in calls]}

    def _call(self, call: ToolCallBegun, arguments: str) -> dict[str, object]:
        if call.name in self._spelling.custom:
            return {
                "id": call.id,
                "type": "custom",
                "custom": {"name": call.name, "input": arguments},
            }
        function = {"name": call.name, "arguments": arguments}
        return {"id": call.id, "type": "function", "function": function}


def _require_only(call: int) -> None:
    if call:
        raise Fault(
            FaultKind.PROTOCOL_ERROR, "The upstream made a second call where one was asked for."
        )
