"""What the gateway adds to the bare translation stays within a stated multiple of it.

Both run side by side on this machine and are loaded at once, at the same pace; only their CPU time
counts. An absolute time would say more about the machine than about the code. See
docs/benchmarking.md.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest

# One comparison takes 10 s, and gives up by itself after 100.
PATIENCE_S = 120
# Of CPU time; but whoever loses the core ten times as often pays for that, too. A real cost
# is in each comparison; noise seldom strikes three times.
COMPARISONS_MAX = 3
# Measured on a quiet machine: 1.19-1.34 and 0.93-0.98; with six busy loops beside it on two cores:
# 1.25-1.34 and 0.94-1.03. The floor with itself: 0.97-1.04.
# Admission, the lock-out, the breaker, the retry budget and the bounds of JSON are 5 to 14 % of a
# request, by `python -m bench.ratio --before` on a gateway without them (docs/benchmarking.md).
RATIOS_MAX = {"request": 1.55, "frame": 1.15}

Costs = dict[str, dict[str, float]]


def compare(root: Path) -> Costs:
    """Costs per unit, from `python -m bench.ratio`."""
    result = subprocess.run(
        [sys.executable, "-m", "bench.ratio", "--rounds", "6"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert result.returncode == 0, result.stderr
    measured: Costs = json.loads(result.stdout)
    return measured


@pytest.fixture(scope="module")
def comparisons(root: Path) -> list[Costs]:
    """One comparison, and further ones as long as a limit was kept in none."""
    made: list[Costs] = []
    while len(made) < COMPARISONS_MAX and any(
        _best(made, unit) > limit for unit, limit in RATIOS_MAX.items()
    ):
        made.append(compare(root))
    return made


def _best(comparisons: list[Costs], unit: str) -> float:
    return min((costs[unit]["ratio"] for costs in comparisons), default=math.inf)


@pytest.mark.timeout(COMPARISONS_MAX * PATIENCE_S + 10)
@pytest.mark.parametrize("unit", RATIOS_MAX)
def test_the_gateway_costs_at_most_so_many_times_the_floor(
    unit: str, comparisons: list[Costs]
) -> None:
    """Keys, models, pool, usage and log cost less than the bare work does once more.

    And no object, task or write per streamed frame is made that the translation does not need.
    """
    assert _best(comparisons, unit) <= RATIOS_MAX[unit], comparisons
