"""Choosing among positions."""

from __future__ import annotations

from cursor_api.pool.selection import STICKY_COUNT_MAX, StickyMap, Tier


def in_turn(tier: Tier, count: int, weights: dict[int, int] | None = None) -> list[int | None]:
    """The next `count` positions, all of them eligible."""
    weight_of = (weights or {}).get
    return [
        tier.find_in_turn(lambda position: weight_of(position, 1), lambda _: True)
        for _ in range(count)
    ]


def test_rotation_visits_every_position_in_order_and_wraps() -> None:
    """Strict round robin."""
    assert in_turn(Tier(0, [4, 5, 6]), 7) == [4, 5, 6, 4, 5, 6, 4]


def test_weights_are_turns_in_a_row() -> None:
    """A position of weight two is visited twice before the next."""
    assert in_turn(Tier(0, [0, 1]), 6, {0: 2}) == [0, 0, 1, 0, 0, 1]


def test_a_position_that_falls_out_loses_the_rest_of_its_turns() -> None:
    """The next eligible one begins with all of its own."""
    tier = Tier(0, [0, 1])
    assert in_turn(tier, 1, {0: 3}) == [0]
    assert tier.find_in_turn(lambda _: 2, lambda position: position == 1) == 1
    assert in_turn(tier, 3, {0: 1, 1: 2}) == [1, 0, 1]


def test_nothing_is_found_among_none() -> None:
    """Empty, or all ineligible, for every way of looking."""
    for tier in (Tier(0, []), Tier(0, [1, 2])):
        assert tier.find_in_turn(lambda _: 1, lambda _: False) is None
        assert tier.find_first(lambda _: False) is None
        assert tier.find_least_busy(lambda _: 0, lambda _: False) is None


def test_the_first_eligible_in_order_is_found() -> None:
    """For filling one up before the next."""
    assert Tier(0, [3, 1, 2]).find_first(lambda position: position != 3) == 1


def test_the_least_busy_is_found_in_turn_among_equals() -> None:
    """The first of two with the same load is not always taken."""
    loads = {0: 1.0, 1: 0.5, 2: 1.0}
    tier = Tier(0, [0, 1, 2])
    assert tier.find_least_busy(loads.__getitem__, lambda _: True) == 1
    assert tier.find_least_busy(loads.__getitem__, lambda position: position != 1) == 2
    assert tier.find_least_busy(loads.__getitem__, lambda position: position != 1) == 0


def test_a_healthy_tier_is_not_searched_through() -> None:
    """One look each, whatever the size of the pool."""
    looks: list[int] = []

    def is_eligible(position: int) -> bool:
        looks.append(position)
        return True

    tier = Tier(0, range(10_000))
    tier.find_in_turn(lambda _: 1, is_eligible)
    tier.find_first(is_eligible)
    tier.find_least_busy(lambda _: 0, is_eligible)
    assert len(looks) == 3


def test_sticking_is_bounded() -> None:
    """The longest unused is forgotten first."""
    sticky = StickyMap()
    sticky.keep(("old", ""), "a")
    for number in range(STICKY_COUNT_MAX - 1):
        sticky.keep((str(number), ""), "b")
    assert sticky.find(("old", "")) == "a"
    sticky.keep(("one more", ""), "c")
    assert len(sticky) == STICKY_COUNT_MAX
    assert (sticky.find(("old", "")), sticky.find(("0", ""))) == ("a", None)
