"""A question that whoever sits at the terminal answers."""

from __future__ import annotations

from contextlib import suppress


def is_agreed(question: str) -> bool:
    """Whether the answer is yes; no answer is a no."""
    with suppress(EOFError):
        return input(question).strip().lower() in {"y", "yes"}
    return False
