"""What is said in one turn, put together."""

from __future__ import annotations

import pytest

from cursor_api.domain.content import Image, Message, Role, Text
from cursor_api.upstreams.cursor.long_text import LONG_SIZE, Said


def said(*texts: str) -> Said:
    """All of these."""
    whole = Said()
    for text in texts:
        whole.add(text)
    return whole


def test_short_texts_are_one() -> None:
    """Up to the size at which one is long."""
    assert said().whole() == ("", ())
    assert said("", "a", "", "b").whole() == ("ab", ())
    assert said(*["x"] * LONG_SIZE).whole() == ("x" * LONG_SIZE, ())


def test_long_ones_stay_in_pieces() -> None:
    """Small ones are gathered, large ones are not copied, and nothing is lost or moved."""
    large = "y" * (3 * LONG_SIZE)
    texts = [*["a" * 100] * 5_000, large, "b", large, *["c" * 10] * 100]
    text, more = said(*texts).whole()
    pieces = (text, *more)
    assert "".join(pieces) == "".join(texts)
    assert sum(piece is large for piece in pieces) == 2
    assert all(len(piece) <= LONG_SIZE for piece in pieces if piece is not large)
    assert len(pieces) <= 4 + 2 * 500_000 / LONG_SIZE


@pytest.mark.parametrize(
    ("matters", "expected"),
    [
        ([["a"], ["b"]], "a\n\nb"),
        ([[], ["a"], [""], ["b", "c"], []], "a\n\nbc"),
        ([["x" * LONG_SIZE], ["b"]], "x" * LONG_SIZE + "\n\nb"),
    ],
)
def test_a_blank_line_keeps_matters_apart(matters: list[list[str]], expected: str) -> None:
    """Only where something is said on both sides."""
    whole = Said()
    for texts in matters:
        whole.begin_anew()
        for text in texts:
            whole.add(text)
    text, more = whole.whole()
    assert "".join((text, *more)) == expected


def test_the_parts_of_a_message_are_taken_one_by_one() -> None:
    """With a stop between each two, as there may be thousands; images say nothing."""
    parts = (Text("a"), Image(b"", "image/png"), Text("b"), Text("c"))
    whole = Said()
    assert len(list(whole.add_parts(Message(Role.USER, parts)))) == 3
    assert whole.whole() == ("abc", ())
