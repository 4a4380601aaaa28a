"""Random bytes for ids, drawn for many at once: each draw of the system is a system call.

For the loop's thread alone, and not for keys: what is drawn ahead stays in memory.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Final

DRAWN_BYTES: Final = 4096


class RandomBytes:
    """Gives bytes of the system's randomness, none of them twice."""

    __slots__ = ("_at", "_draw", "_drawn")

    def __init__(self, draw: Callable[[int], bytes] = os.urandom) -> None:
        self._draw = draw
        self._drawn = b""
        self._at = 0

    def __repr__(self) -> str:
        return f"RandomBytes({len(self._drawn) - self._at} left)"

    def __call__(self, count: int) -> bytes:
        """So many."""
        end = self._at + count
        if end > len(self._drawn):
            if count > DRAWN_BYTES:
                return self._draw(count)
            self._drawn = self._draw(DRAWN_BYTES)
            end = count
        found = self._drawn[end - count : end]
        self._at = end
        return found

    def forget(self) -> None:
        """Draw anew next time."""
        self._drawn = b""
        self._at = 0


random_bytes: Final = RandomBytes()
if hasattr(os, "register_at_fork"):
    # Or the child would give the ids that its parent gives.
    os.register_at_fork(after_in_child=random_bytes.forget)
