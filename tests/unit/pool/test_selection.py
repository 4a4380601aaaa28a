"""Choosing among credentials."""

from __future__ import annotations

from cursor_api.pool.selection import find_round_robin


def test_rotation_visits_every_position_in_order_and_wraps() -> None:
    """Strict round robin."""
    found = []
    cursor = 0
    for _ in range(7):
        position = find_round_robin(3, cursor, lambda _: True)
        assert position is not None
        found.append(position)
        cursor = position + 1
    assert found == [0, 1, 2, 0, 1, 2, 0]


def test_ineligible_positions_are_skipped() -> None:
    """The next eligible one is taken, also behind the end."""
    assert find_round_robin(4, 2, lambda position: position == 1) == 1


def test_nothing_is_found_among_none() -> None:
    """Empty, or all ineligible."""
    assert find_round_robin(0, 0, lambda _: True) is None
    assert find_round_robin(5, 3, lambda _: False) is None
