"""Choosing among credentials.

Rules of this file:
- A tier is the positions of one priority; a lower tier is looked at only when no position of a
  higher one is eligible.
- In a healthy pool each policy looks at one position, whatever the size of the pool.
"""

from __future__ import annotations

import enum
from collections import OrderedDict
from collections.abc import Callable, Sequence

from msgspec import Struct

from cursor_api.options.kinds import choice_of
from cursor_api.options.setting import setting

# Who stuck where. Beyond this the longest unused is forgotten and rotates anew.
STICKY_COUNT_MAX = 10_000

IsEligible = Callable[[int], bool]


class Policy(enum.Enum):
    """How credentials of the same priority share the work.

    ROUND_ROBIN: in turn, each as many times in a row as its weight. LEAST_BUSY: the one with the
    fewest requests under way for its weight. FILL_FIRST: always the first that can. STICKY: a
    caller stays with the credential it had, as long as that can. A conversation does so under every
    policy.
    """

    ROUND_ROBIN = "round_robin"
    LEAST_BUSY = "least_busy"
    FILL_FIRST = "fill_first"
    STICKY = "sticky"


class PoolOptions(Struct, frozen=True):
    """How credentials are chosen."""

    policy: Policy = setting(
        "POOL_POLICY",
        choice_of(Policy),
        "round_robin",
        "How credentials of the same priority share the work. `round_robin`: in turn, by"
        " weight. `least_busy`: the one with the fewest requests under way. `fill_first`: always"
        " the first that is free. `sticky`: a caller keeps the credential it had. Under every"
        " policy, an agent's conversation, or one with a name (`prompt_cache_key`, the header"
        " `x-conversation-id`), keeps its credential, because its prompt is cached there.",
    )


class Tier:
    """Positions of one priority and where their rotation stands."""

    __slots__ = ("next_index", "positions", "priority", "turns_left")

    def __init__(self, priority: int, positions: Sequence[int]) -> None:
        self.priority = priority
        self.positions = tuple(positions)
        self.next_index = 0
        self.turns_left = 0

    def __repr__(self) -> str:
        return (
            f"Tier(priority={self.priority}, count={len(self.positions)},"
            f" next_index={self.next_index}, turns_left={self.turns_left})"
        )

    def in_turn(self) -> tuple[int, ...]:
        """Its positions, from the next one on."""
        return self.positions[self.next_index :] + self.positions[: self.next_index]

    def find_in_turn(self, weight_of: Callable[[int], int], is_eligible: IsEligible) -> int | None:
        """The next in rotation; one with turns left goes on unless it cannot."""
        count = len(self.positions)
        for step in range(count):
            index = (self.next_index + step) % count
            position = self.positions[index]
            if not is_eligible(position):
                continue
            if step or not self.turns_left:
                self.turns_left = weight_of(position)
            self.turns_left -= 1
            self.next_index = index if self.turns_left else (index + 1) % count
            return position
        return None

    def find_first(self, is_eligible: IsEligible) -> int | None:
        """The first in order."""
        return next((position for position in self.positions if is_eligible(position)), None)

    def find_least_busy(
        self, load_of: Callable[[int], float], is_eligible: IsEligible
    ) -> int | None:
        """The one with the least load, in turn among equals; an idle one ends the search."""
        count = len(self.positions)
        best: int | None = None
        best_load = 0.0
        best_index = 0
        for step in range(count):
            index = (self.next_index + step) % count
            position = self.positions[index]
            if not is_eligible(position):
                continue
            load = load_of(position)
            if best is None or load < best_load:
                best, best_load, best_index = position, load, index
            if load == 0:
                break
        if best is not None:
            self.next_index = (best_index + 1) % count
        return best


class StickyMap:
    """Which caller and conversation stay with the credential of which alias.

    Bounded: the least recently used goes first.
    """

    __slots__ = ("_map",)

    def __init__(self) -> None:
        self._map: OrderedDict[tuple[str, str], str] = OrderedDict()

    def __len__(self) -> int:
        return len(self._map)

    def find(self, key: tuple[str, str]) -> str | None:
        """The alias of the one that it had last."""
        found = self._map.get(key)
        if found is not None:
            self._map.move_to_end(key)
        return found

    def keep(self, key: tuple[str, str], alias: str) -> None:
        """It has this one from now on."""
        self._map[key] = alias
        self._map.move_to_end(key)
        if len(self._map) > STICKY_COUNT_MAX:
            self._map.popitem(last=False)
