"""Text that comes in pieces."""

from __future__ import annotations

from cursor_api.wire.pieces import PIECES_MAX, Pieces


def test_pieces_are_joined_once_they_are_many() -> None:
    """And not before; nothing is lost or moved."""
    pieces = Pieces()
    texts = [f"{number} " for number in range(5 * PIECES_MAX)]
    for text in texts:
        pieces.new.append(text)
        pieces.tidy()
        assert len(pieces) <= PIECES_MAX + 5
    assert str(pieces) == "".join(texts)
    assert not Pieces()
