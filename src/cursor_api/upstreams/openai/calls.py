"""Tool calls, told in pieces, whole, and in the several ways in which servers number them.

Rules of this file:
- A call begins with its name. What belongs to it afterwards is told by the index, else by the id,
  else it is the last one's.
- A piece with a name of its own and another id begins another call, even under the same index:
  some servers give every call the index 0.
- A server that gives a call no id gets one made up, for the caller needs it to bring the result.
- A call without arguments has an empty object for them: clients read what is there as JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec
from msgspec import Struct

from cursor_api.dialects.openai_chat.tool_names import find_renamed
from cursor_api.domain.chat import Tool
from cursor_api.domain.deltas import Delta, ToolArgumentsDelta, ToolCallBegun
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.upstreams.openai.chunks import CallIn, FunctionIn
from cursor_api.wire.free_text import hold_free_text, read_free_text

# Models call a dozen tools at once at the most.
CALLS_MAX: Final = 512


class WrittenTools(Struct, frozen=True):
    """What the caller's tools are that a request was written with.

    `renamed` has the names of those that are called something else upstream; `free_text` those
    that take any text, which comes in an object.
    """

    renamed: dict[str, str]
    free_text: frozenset[str]

    @classmethod
    def of(cls, tools: Iterable[Tool]) -> WrittenTools:
        """Those of a request."""
        return cls(
            find_renamed(tool.name for tool in tools),
            frozenset(tool.name for tool in tools if not tool.schema),
        )


AS_THEY_ARE: Final = WrittenTools({}, frozenset())


class _Call:
    """`id` is as the server gave it, "" where it gave none; so is `name` as long as it is open.

    `text` has the arguments so far of a tool that takes any text; None for any other.
    """

    __slots__ = ("has_arguments", "id", "name", "number", "text")

    def __init__(self) -> None:
        self.id = ""
        self.name = ""
        self.number = -1
        self.has_arguments = False
        self.text: bytearray | None = None


class Calls:
    """The calls of one answer; `new_id` makes one up."""

    __slots__ = (
        "_begun",
        "_by_id",
        "_by_index",
        "_last",
        "_new_id",
        "_open_count",
        "_tools",
        "count",
    )

    def __init__(self, new_id: Callable[[], str], tools: WrittenTools = AS_THEY_ARE) -> None:
        self._new_id = new_id
        self._tools = tools
        # Those that have begun and not ended.
        self._begun: list[_Call] = []
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
        name = self._tools.renamed.get(name, name)
        call = self._find(piece, name) or self._open(piece)
        self._last = call
        call.id = call.id or piece.id or ""
        if not call.name and name:
            call.name, call.number = name, self.count
            call.text = bytearray() if name in self._tools.free_text else None
            self._begun.append(call)
            self.count += 1
            deltas.append(ToolCallBegun(call.number, call.id or self._new_id(), name))
        if arguments:
            if not call.name:
                raise Fault(
                    FaultKind.PROTOCOL_ERROR,
                    "The upstream sent arguments of a call without a name.",
                )
            call.has_arguments = True
            if call.text is None:
                deltas.append(ToolArgumentsDelta(call.number, arguments))
            else:
                hold_free_text(call.text, arguments)

    def end(self, deltas: list[Delta]) -> None:
        """No call goes on: give what is left to say of them."""
        for call in self._begun:
            text = "" if call.has_arguments else "{}"
            if call.text is not None:
                text = read_free_text(bytes(call.text)) if call.text else ""
            if text:
                deltas.append(ToolArgumentsDelta(call.number, text))
        self._begun.clear()

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
