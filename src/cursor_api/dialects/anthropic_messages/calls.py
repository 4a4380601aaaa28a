"""The blocks of an answer, one after the other, as this dialect has them.

An upstream may write several calls side by side, or say something in the middle of one, and here a
block ends before the next one begins. So each call waits for those before it to be whole, and what
is said within one for its end. And it waits for the first of its arguments: what is said before
them is no longer within it. Of an upstream that writes calls in turn, as most do, nothing else is
held back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import Raw

from cursor_api.domain.deltas import (
    ReasoningDelta,
    ReasoningSealed,
    RefusalDelta,
    TextDelta,
    ToolArgumentsDelta,
    ToolCallBegun,
)
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.wire.pieces import Pieces

CallDelta = ToolCallBegun | ToolArgumentsDelta
# What ends a call's block where it comes.
Said = TextDelta | RefusalDelta | ReasoningDelta | ReasoningSealed

_NO_DELTAS: Final[tuple[CallDelta, ...]] = ()
_OBJECT: Final = msgspec.json.Decoder(dict[str, Raw])
_encode = msgspec.json.Encoder().encode


class Calls:
    """Gives the deltas of one call after those of another, in the order they began."""

    __slots__ = ("_open", "_waiting", "_written")

    def __init__(self) -> None:
        # The number of the call that is being written.
        self._open: int | None = None
        self._written = Pieces()
        self._waiting: dict[int, tuple[ToolCallBegun, Pieces]] = {}

    @property
    def is_going_on(self) -> bool:
        """Whether more has to come of the call that is being written."""
        return self._open is not None and not is_object(str(self._written))

    def add(self, delta: CallDelta) -> tuple[CallDelta, ...]:
        """What can be written now; raises Fault(PROTOCOL_ERROR) where it belongs to no call."""
        call = delta.call
        if type(delta) is ToolCallBegun:
            if not self.is_going_on:
                self.end()
            self._waiting[call] = delta, Pieces()
            return _NO_DELTAS
        if call == self._open:
            self._written.new.append(delta.text)
            self._written.tidy()
            return (delta,)
        if call not in self._waiting:
            raise Fault(
                FaultKind.PROTOCOL_ERROR,
                "The upstream gave arguments to a call that it never made, or had ended.",
            )
        begun, arguments = self._waiting[call]
        is_next = not arguments and call == next(iter(self._waiting)) and not self.is_going_on
        arguments.new.append(delta.text)
        arguments.tidy()
        if not is_next:
            return _NO_DELTAS
        del self._waiting[call]
        self._open, self._written = call, arguments
        return begun, delta

    def end(self) -> None:
        """Nothing more belongs to the call that is being written."""
        self._open = None

    def flush(self) -> list[CallDelta]:
        """Those that waited: nothing more belongs to any of these calls."""
        self.end()
        found: list[CallDelta] = []
        for begun, arguments in self._waiting.values():
            found.append(begun)
            if arguments:
                found.append(ToolArgumentsDelta(begun.call, str(arguments)))
        self._waiting = {}
        return found


class Order:
    """What is said and what is called, in the order in which blocks have it."""

    __slots__ = ("_calls", "_is_calling", "_late")

    def __init__(self) -> None:
        self._calls = Calls()
        # Whether the block of a call is the last.
        self._is_calling = False
        # What was said within it.
        self._late: list[Said] = []

    def take(self, delta: Said | CallDelta) -> Sequence[Said | CallDelta]:
        """What comes now; raises Fault(PROTOCOL_ERROR) for arguments that belong to no call."""
        if isinstance(delta, CallDelta):
            found = self._calls.add(delta)
            self._is_calling |= bool(found)
            return found
        if self._is_calling and self._calls.is_going_on:
            self._late.append(delta)
            return _NO_DELTAS
        self._calls.end()
        self._is_calling = False
        late, self._late = self._late, []
        return (*late, delta)

    def flush(self) -> Sequence[Said | CallDelta]:
        """The rest, where nothing more comes."""
        return (*self._calls.flush(), *self._late)


def is_object(arguments: str) -> bool:
    """Whether a call's arguments are whole, and what they have to be."""
    try:
        _OBJECT.decode(arguments)
    except (msgspec.MsgspecError, RecursionError, UnicodeEncodeError):
        return False
    return True


def encode_input(arguments: str) -> Raw:
    """Arguments as the object that this dialect wants.

    Those that are none, as those of an answer that was too long, are shown as Anthropic advises:
    the tool's own checks then meet them.
    """
    if not arguments:
        return Raw(b"{}")
    return Raw(arguments.encode() if is_object(arguments) else _encode({"INVALID_JSON": arguments}))
