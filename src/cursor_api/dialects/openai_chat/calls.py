"""Tool calls in OpenAI's answers: `tool_calls`, or the older `function_call`.

A request that has `functions` in place of `tools` is answered in that older spelling, which has
room for one call.
"""

from __future__ import annotations

import msgspec

from cursor_api.domain.deltas import ToolArgumentsDelta, ToolCallBegun
from cursor_api.domain.endings import has_no_call
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.wire.pieces import Pieces

_encode = msgspec.json.Encoder().encode


def render_call_delta(delta: ToolCallBegun | ToolArgumentsDelta, *, has_functions: bool) -> bytes:
    """The field of a chunk's delta: id and name once, the arguments as they come.

    Raises Fault(PROTOCOL_ERROR) for a second call where there is room for one.
    """
    if isinstance(delta, ToolArgumentsDelta):
        function = {"arguments": delta.text}
    else:
        function = {"name": delta.name, "arguments": ""}
    if has_functions:
        _require_only(delta.call)
        return b'"function_call":%b' % _encode(function)
    call: dict[str, object] = {"index": delta.call}
    if isinstance(delta, ToolCallBegun):
        call |= {"id": delta.id, "type": "function"}
    return b'"tool_calls":[%b]' % _encode(call | {"function": function})


class Calls:
    """The calls of one answer, gathered for its message."""

    __slots__ = ("_by_number", "_has_functions")

    def __init__(self, *, has_functions: bool) -> None:
        self._has_functions = has_functions
        self._by_number: dict[int, tuple[ToolCallBegun, Pieces]] = {}

    def __len__(self) -> int:
        return len(self._by_number)

    def add(self, delta: ToolCallBegun | ToolArgumentsDelta) -> None:
        """Take in one; raises Fault(PROTOCOL_ERROR) where it belongs to no call."""
        if self._has_functions:
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
        functions = [
            {"name": call.name, "arguments": str(arguments)}
            for call, arguments in self._by_number.values()
        ]
        if not functions:
            return {}
        if self._has_functions:
            return {"function_call": functions[0]}
        calls = zip(self._by_number.values(), functions, strict=True)
        return {
            "tool_calls": [
                {"id": call.id, "type": "function", "function": function}
                for (call, _), function in calls
            ]
        }


def _require_only(call: int) -> None:
    if call:
        raise Fault(
            FaultKind.PROTOCOL_ERROR, "The upstream made a second call where one was asked for."
        )
