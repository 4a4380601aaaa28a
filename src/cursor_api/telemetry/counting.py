"""Counters and histograms that cost a request little; the library writes them.

Rules of this file:
- They count on the event loop alone, so that there is no lock: the library's take one for each
  figure, and a request has a dozen. Another thread may read them at any time.
- A label's child is looked up once and kept by who counts.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate
from typing import Generic, TypeVar

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

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


class _Family(Collector, Generic[_Child]):
    """The children of one metric, by the values of its labels."""

    def __init__(self, name: str, about: str, labels: Sequence[str]) -> None:
        self._name = name
        self._about = about
        self._labels = tuple(labels)
        self._children: dict[tuple[str, ...], _Child] = {}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._name}, {len(self._children)})"

    def _find(self, values: tuple[str, ...], make: Callable[[], _Child]) -> _Child:
        if len(values) != len(self._labels):
            raise ValueError(f"{self._name} has the labels {self._labels}")
        child = self._children.get(values)
        if child is None:
            child = self._children[values] = make()
        return child

    def _list(self) -> list[tuple[tuple[str, ...], _Child]]:
        # One step, whatever is added meanwhile.
        return list(self._children.items())


class Counts(_Family[Count]):
    """A metric that counts."""

    def labels(self, *values: str) -> Count:
        """The one with these labels."""
        return self._find(values, Count)

    def collect(self) -> Iterable[Metric]:
        """See Collector."""
        family = CounterMetricFamily(self._name, self._about, labels=self._labels)
        for values, count in self._list():
            family.add_metric(values, count.value)
        return [family]


class Spreads(_Family[Spread]):
    """A metric with buckets; `bounds` grow."""

    def __init__(
        self, name: str, about: str, labels: Sequence[str], bounds: Sequence[float]
    ) -> None:
        super().__init__(name, about, labels)
        self._bounds = tuple(map(float, bounds))
        ends = map(floatToGoString, (*self._bounds, float("inf")))
        self._ends: list[str] = list(ends)

    def labels(self, *values: str) -> Spread:
        """The one with these labels."""
        return self._find(values, lambda: Spread(self._bounds))

    def collect(self) -> Iterable[Metric]:
        """See Collector."""
        family = HistogramMetricFamily(self._name, self._about, labels=self._labels)
        for values, spread in self._list():
            counts = accumulate(tuple(spread.counts))
            family.add_metric(values, list(zip(self._ends, counts, strict=True)), spread.total)
        return [family]
