"""Tool calls, told in pieces, whole, and in the several ways in which servers number them.

Rules of this file:
- A call begins with its name. What belongs to it afterwards is told by the index, else by the id,
  else it is the last one's.
- A piece with a name of its own and another id begins another call, even under the same index:
  some servers give every call the index 0.
- A server that gives a call no id gets one made up, for the caller needs it to bring the result.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from cursor_api.domain.deltas import Delta, ToolArgumentsDelta, ToolCallBegun
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.upstreams.openai.chunks import CallIn, FunctionIn

# Models call a dozen tools at once at the most.
CALLS_MAX: Final = 512


class _Call:
    """`id` is as the server gave it, "" where it gave none; so is `name` as long as it is open."""

    __slots__ = ("id", "name", "number")

    def __init__(self) -> None:
        self.id = ""
        self.name = ""
        self.number = -1


class Calls:
    """The calls of one answer; `new_id` makes one up."""

    __slots__ = ("_by_id", "_by_index", "_last", "_new_id", "_open_count", "count")

    def __init__(self, new_id: Callable[[], str]) -> None:
        self._new_id = new_id
        self._by_index: dict[int, _Call] = {}
        self._by_id: dict[str, _Call] = {}
        self._last: _Call | None = None
        self._open_count = 0
        # Those that have begun.
        self.count = 0

    def __repr__(self) -> str:
        return f"Calls({self.count})"

    def add(self, piece: CallIn, deltas: list[Delta]) -> None:
        """Take in a piece; raises Fault(PROTOCOL_ERROR) where it belongs to no call."""
        name, arguments = _said(piece)
        call = self._find(piece, name) or self._open(piece)
        self._last = call
        call.id = call.id or piece.id or ""
        if not call.name and name:
            call.name, call.number = name, self.count
            self.count += 1
            deltas.append(ToolCallBegun(call.number, call.id or self._new_id(), name))
        if arguments:
            if not call.name:
                raise Fault(
                    FaultKind.PROTOCOL_ERROR,
                    "The upstream sent arguments of a call without a name.",
                )
            deltas.append(ToolArgumentsDelta(call.number, arguments))

    def add_function(self, piece: FunctionIn, deltas: list[Delta]) -> None:
        """The same for the one call of the spelling before `tool_calls`."""
        self.add(CallIn(index=0, function=piece), deltas)

    def _find(self, piece: CallIn, name: str) -> _Call | None:
        """The call that a piece goes on with, if it does."""
        if piece.index is not None:
            known = self._by_index.get(piece.index)
        elif piece.id:
            known = self._by_id.get(piece.id) or (None if name else self._last)
        else:
            known = self._last
        if known is None or not (known.name and name):
            return known
        if piece.id:
            is_same = piece.id == known.id
        else:
            # Repeated with every piece, where there is an index; else a call like the one before.
            is_same = piece.index is not None and name == known.name
        return known if is_same else None

    def _open(self, piece: CallIn) -> _Call:
        self._open_count += 1
        if self._open_count > CALLS_MAX:
            raise Fault(
                FaultKind.PROTOCOL_ERROR,
                f"The upstream calls more than {CALLS_MAX} tools in one answer.",
            )
        call = _Call()
        if piece.index is not None:
            self._by_index[piece.index] = call
        if piece.id:
            self._by_id[piece.id] = call
        return call


def _said(piece: CallIn) -> tuple[str, str]:
    """The name and the arguments that a piece has; "" for what it has not."""
    if piece.function is not None:
        return piece.function.name or "", _to_text(piece.function.arguments)
    if piece.custom is not None:
        return piece.custom.name or "", piece.custom.input or ""
    return "", ""


def _to_text(arguments: Any) -> str:
    if isinstance(arguments, str):
        return arguments
    return "" if arguments is None else msgspec.json.encode(arguments).decode()
