"""What somebody says in one turn, put together from many texts; pure.

Short ones become one text. What is long stays in pieces of about LONG_SIZE: in one go it would be
new memory, which may take a machine a twentieth of a second.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cursor_api.domain.chat import Message, TextPart

# Characters.
LONG_SIZE: Final = 128 * 1024


class Said:
    """A text that grows."""

    __slots__ = ("_has_gap", "_pieces", "_short", "_size")

    def __init__(self) -> None:
        self._pieces: list[str] = []
        # What is not yet part of a piece, and its size.
        self._short: list[str] = []
        self._size = 0
        self._has_gap = False

    def __repr__(self) -> str:
        return f"Said(pieces={len(self._pieces)}, short={len(self._short)})"

    def begin_anew(self) -> None:
        """What follows, if anything, is another matter: a blank line keeps it apart."""
        self._has_gap = bool(self._short or self._pieces)

    def add(self, text: str) -> None:
        """Say this too."""
        if not text:
            return
        if self._has_gap:
            self._has_gap = False
            self._short.append("\n\n")
        if self._size + len(text) > LONG_SIZE:
            self._close()
        self._short.append(text)
        self._size += len(text)

    def add_parts(self, message: Message) -> Iterator[None]:
        """All texts of a message; a stop after each but the first."""
        for number, part in enumerate(message.parts):
            if number:
                yield
            if isinstance(part, TextPart):
                self.add(part.text)

    def whole(self) -> tuple[str, tuple[str, ...]]:
        """A text and, where it is long, how it goes on."""
        if self._pieces:
            self._close()
            return self._pieces[0], tuple(self._pieces[1:])
        return "".join(self._short), ()

    def _close(self) -> None:
        if self._short:
            self._pieces.append("".join(self._short))
            self._short, self._size = [], 0
