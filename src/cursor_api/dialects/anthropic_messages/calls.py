"""The calls of an answer, one after the other, as this dialect has them.

An upstream may write several calls side by side, and here a block ends before the next one begins.
So a call that begins within another is held back until that one is whole. An upstream that writes
them in turn, as most do, has nothing held back.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Raw

from cursor_api.domain.deltas import ToolArgumentsDelta, ToolCallBegun
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.wire.pieces import Pieces

CallDelta = ToolCallBegun | ToolArgumentsDelta

_NO_DELTAS: Final[tuple[CallDelta, ...]] = ()
_OBJECT: Final = msgspec.json.Decoder(dict[str, Raw])
_encode = msgspec.json.Encoder().encode


class Calls:
    """Gives the deltas of one call after those of another."""

    __slots__ = ("_held", "_open", "_written")

    def __init__(self) -> None:
        # The number of the call that is being written.
        self._open: int | None = None
        self._written = Pieces()
        self._held: dict[int, tuple[ToolCallBegun, Pieces]] = {}

    @property
    def is_going_on(self) -> bool:
        """Whether more has to come of the calls that have begun."""
        return self._open is not None and (bool(self._held) or not is_object(str(self._written)))

    def add(self, delta: CallDelta) -> tuple[CallDelta, ...]:
        """What can be written now; raises Fault(PROTOCOL_ERROR) where it belongs to no call."""
        if type(delta) is ToolArgumentsDelta:
            if delta.call == self._open:
                self._written.new.append(delta.text)
                self._written.tidy()
                return (delta,)
            held = self._held.get(delta.call)
            if held is None:
                raise Fault(
                    FaultKind.PROTOCOL_ERROR,
                    "The upstream gave arguments to a call that it never made, or had ended.",
                )
            held[1].new.append(delta.text)
            held[1].tidy()
            return _NO_DELTAS
        if self.is_going_on:
            self._held[delta.call] = delta, Pieces()  # type: ignore[assignment]  # no other type
            return _NO_DELTAS
        self._open, self._written = delta.call, Pieces()
        return (delta,)

    def flush(self) -> list[CallDelta]:
        """What was held back: nothing more belongs to any of these calls."""
        self._open = None
        if not self._held:
            return []
        found: list[CallDelta] = []
        for begun, arguments in self._held.values():
            found.append(begun)
            if arguments:
                found.append(ToolArgumentsDelta(begun.call, str(arguments)))
        self._held = {}
        return found


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
