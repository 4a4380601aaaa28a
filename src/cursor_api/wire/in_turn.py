"""An answer with one thing after the other, for dialects in which nothing comes within a call.

An upstream may write several calls side by side, or say something between a call's arguments. Here
a call ends before anything else begins: what comes within it waits until its arguments are whole.
And a call waits for the first of its arguments: what is said before them is no longer within it. Of
an upstream that writes in turn, as most do, nothing else is held back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import Raw

from cursor_api.domain.deltas import (
    Delta,
    Finished,
    StatusDelta,
    ToolArgumentsDelta,
    ToolCallBegun,
)
from cursor_api.domain.endings import has_no_call
from cursor_api.wire.pieces import Pieces

_OBJECT: Final = msgspec.json.Decoder(dict[str, Raw])


class InTurn:
    """Gives the deltas of an answer in turn."""

    __slots__ = ("_is_whole", "_late", "_open", "_waiting", "_written")

    def __init__(self) -> None:
        # The number of the call that is being written.
        self._open: int | None = None
        self._written = Pieces()
        # Whether its arguments are; None where nobody has looked since the last of them.
        self._is_whole: bool | None = None
        self._waiting: dict[int, tuple[ToolCallBegun, Pieces]] = {}
        # What was said within a call.
        self._late: list[Delta] = []

    def add(self, delta: Delta) -> Sequence[Delta]:
        """What can be written now; raises Fault(PROTOCOL_ERROR) where it belongs to no call."""
        match delta:
            case ToolCallBegun(call):
                found = self._go_on()
                self._waiting[call] = delta, Pieces()
                return found
            case ToolArgumentsDelta():
                return self._add_arguments(delta)
            case Finished():
                return [*self._flush(), *self._take_late(), delta]
            case StatusDelta():
                return (delta,)
            case _:
                return self._say(delta)

    def _say(self, delta: Delta) -> Sequence[Delta]:
        found = self._go_on()
        if self._is_going_on():
            self._late.append(delta)
            return found
        self._open = None
        return [*found, *self._take_late(), delta]

    def _is_going_on(self) -> bool:
        """Whether more has to come of the call that is being written."""
        if self._open is None:
            return False
        if self._is_whole is None:
            self._is_whole = is_object(str(self._written))
        return not self._is_whole

    def _go_on(self) -> list[Delta]:
        """Calls that waited for another, which is whole now."""
        found: list[Delta] = []
        while self._waiting and not self._is_going_on():
            self._open = None
            call, (begun, arguments) = next(iter(self._waiting.items()))
            if not arguments:
                break
            self._take(call, arguments)
            found += (begun, ToolArgumentsDelta(call, str(arguments)))
        return found

    def _add_arguments(self, delta: ToolArgumentsDelta) -> Sequence[Delta]:
        call = delta.call
        if call == self._open:
            self._written.new.append(delta.text)
            self._written.tidy()
            self._is_whole = None
            return (delta,)
        if call not in self._waiting:
            raise has_no_call()
        begun, arguments = self._waiting[call]
        is_next = not arguments and call == next(iter(self._waiting)) and not self._is_going_on()
        arguments.new.append(delta.text)
        arguments.tidy()
        if not is_next:
            return ()
        self._take(call, arguments)
        return begun, delta

    def _take(self, call: int, arguments: Pieces) -> None:
        """It is this one's turn."""
        del self._waiting[call]
        self._open, self._written, self._is_whole = call, arguments, None

    def _flush(self) -> list[Delta]:
        """The calls that waited: nothing more belongs to any of them."""
        self._open = None
        found: list[Delta] = []
        for begun, arguments in self._waiting.values():
            found.append(begun)
            if arguments:
                found.append(ToolArgumentsDelta(begun.call, str(arguments)))
        self._waiting = {}
        return found

    def _take_late(self) -> list[Delta]:
        late, self._late = self._late, []
        return late


def is_object(arguments: str) -> bool:
    """Whether a call's arguments are whole, and what they have to be."""
    try:
        _OBJECT.decode(arguments)
    except (msgspec.MsgspecError, RecursionError, UnicodeEncodeError):
        return False
    return True
