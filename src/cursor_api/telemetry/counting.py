"""Counters and histograms that cost a request little; `families.py` writes them.

Rules of this file:
- They count on the event loop alone, so that there is no lock: the library's take one for each
  figure, and a request has a dozen. Another thread may read them at any time.
- A label's child is looked up once and kept by who counts.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

_Child = TypeVar("_Child")


class Count:
    """One figure, which only grows."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0.0

    def __repr__(self) -> str:
        return f"Count({self.value:g})"

    def inc(self, amount: float = 1.0) -> None:
        """So much more; `amount` is not below 0."""
        self.value += amount


class Spread:
    """How figures are spread over the buckets that end at these bounds, each included."""

    __slots__ = ("_bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        # By bucket; the last one has all that is above the last bound.
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def __repr__(self) -> str:
        return f"Spread({sum(self.counts)})"

    def observe(self, amount: float) -> None:
        """One more."""
        self.counts[bisect_left(self._bounds, amount)] += 1
        self.total += amount


class _Family(Generic[_Child]):
    """The children of one metric, by the values of its labels."""

    def __init__(self, name: str, about: str, labels: Sequence[str]) -> None:
        self.name = name
        self.about = about
        self.label_names = tuple(labels)
        self._children: dict[tuple[str, ...], _Child] = {}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name}, {len(self._children)})"

    def _find(self, values: tuple[str, ...], make: Callable[[], _Child]) -> _Child:
        if len(values) != len(self.label_names):
            raise ValueError(f"{self.name} has the labels {self.label_names}")
        child = self._children.get(values)
        if child is None:
            child = self._children[values] = make()
        return child

    def list_children(self) -> list[tuple[tuple[str, ...], _Child]]:
        """Each with the values of its labels: in one step, whatever is added meanwhile."""
        return list(self._children.items())


class Counts(_Family[Count]):
    """A metric that counts."""

    def labels(self, *values: str) -> Count:
        """The one with these labels."""
        return self._find(values, Count)


class Spreads(_Family[Spread]):
    """A metric with buckets; `bounds` grow."""

    def __init__(
        self, name: str, about: str, labels: Sequence[str], bounds: Sequence[float]
    ) -> None:
        super().__init__(name, about, labels)
        self.bounds = tuple(map(float, bounds))

    def labels(self, *values: str) -> Spread:
        """The one with these labels."""
        return self._find(values, lambda: Spread(self.bounds))
