"""Text that comes in pieces and is kept at about its own size."""

from __future__ import annotations

from typing import Final

# A piece of text has about six characters, and as a string of its own ten times their size.
PIECES_MAX: Final = 1_000


class Pieces:
    """A text that grows: `new.append`, and `tidy` once in a while."""

    __slots__ = ("_joined", "new")

    def __init__(self) -> None:
        self.new: list[str] = []
        self._joined: list[str] = []

    def __len__(self) -> int:
        return len(self._joined) + len(self.new)

    def __str__(self) -> str:
        return "".join((*self._joined, *self.new))

    def tidy(self) -> None:
        """Join what has come, when it is worth it."""
        if len(self.new) > PIECES_MAX:
            self._joined.append("".join(self.new))
            self.new.clear()
