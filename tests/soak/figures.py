"""What a soak stage gives: figures, and the bar that each has to meet.

A stage is a module with `def run(size: Size) -> list[Figure]`, and a command of its own:

    if __name__ == "__main__":
        sys.exit(command(run, __doc__))

which understands `--size full|quick|tiny`, prints the figures and exits with 1 when one misses its
bar. A row in `stages.py` makes it part of `make soak`.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

BEGAN_AT = time.monotonic()


@dataclass(frozen=True, slots=True)
class Size:
    """How much of a promise is run: `share` 1.0 is as many as the promise speaks of."""

    name: str
    share: float

    def count(self, full: int, at_least: int = 1) -> int:
        """The share of so many, and never fewer than a stage needs to say anything."""
        return min(full, max(at_least, round(full * self.share)))

    def seconds(self, full_s: float, at_least_s: float) -> float:
        """The share of so long a time, with the same floor."""
        return min(full_s, max(at_least_s, full_s * self.share))


# The whole round takes about half an hour, three minutes and ten seconds.
FULL = Size("full", 1.0)
QUICK = Size("quick", 0.02)
TINY = Size("tiny", 0.001)
SIZES = {size.name: size for size in (FULL, QUICK, TINY)}


@dataclass(frozen=True, slots=True)
class Figure:
    """One thing that was measured. Without a bar it is there to be read and misses nothing.

    `is_timing`: it depends on what else the machine does, so that the tests, which run beside
    others, leave it unjudged.
    """

    what: str
    value: float
    unit: str = ""
    at_most: float | None = None
    at_least: float | None = None
    is_timing: bool = False

    @property
    def is_kept(self) -> bool:
        """Whether it meets its bar; a value that is no number does not."""
        above = self.at_least is None or self.value >= self.at_least
        below = self.at_most is None or self.value <= self.at_most
        return above and below

    @property
    def measured(self) -> str:
        """The value as people read it."""
        return _with_unit(self.value, self.unit)

    @property
    def bar(self) -> str:
        """What the value has to be; empty without a bar."""
        if self.at_most is not None and self.at_most == self.at_least:
            return f"exactly {_with_unit(self.at_most, self.unit)}"
        parts = [("at least", self.at_least), ("at most", self.at_most)]
        return ", ".join(
            f"{word} {_with_unit(bound, self.unit)}" for word, bound in parts if bound is not None
        )

    @property
    def verdict(self) -> str:
        """Kept, missed, or nothing for a figure without a bar."""
        if not self.bar:
            return ""
        return "kept" if self.is_kept else "MISSED"


Run = Callable[[Size], list[Figure]]


def exactly(what: str, value: float, bound: float, unit: str = "") -> Figure:
    """A figure that has one right value, such as 0 broken streams."""
    return Figure(what, value, unit, at_most=bound, at_least=bound)


def say(words: str) -> None:
    """Tell the person who waits what is being done."""
    sys.stderr.write(f"[{time.monotonic() - BEGAN_AT:6.1f} s] {words}\n")
    sys.stderr.flush()


def render(figures: Sequence[Figure]) -> str:
    """One line per figure, in columns."""
    rows = [(figure.what, figure.measured, figure.bar, figure.verdict) for figure in figures]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        + "\n"
        for row in rows
    )


def command(run: Run, about: str | None, arguments: Sequence[str] | None = None) -> int:
    """A stage as a program; 1 when a figure misses its bar."""
    parser = argparse.ArgumentParser(description=(about or "").split("\n")[0])
    parser.add_argument("--size", choices=SIZES, default=FULL.name)
    figures = run(SIZES[parser.parse_args(arguments).size])
    sys.stdout.write(render(figures))
    return 0 if all(figure.is_kept for figure in figures) else 1


def _with_unit(value: float, unit: str) -> str:
    if not math.isfinite(value):
        digits = "nothing"
    elif value == int(value) or abs(value) >= 1000:
        digits = f"{value:,.0f}"
    elif abs(value) >= 1:
        digits = f"{value:,.2f}"
    else:
        digits = f"{value:.3g}"
    return f"{digits} {unit}".rstrip()
