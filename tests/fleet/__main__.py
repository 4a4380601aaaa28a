"""`make simulate-nodes`: 200 nodes and 10,000 credentials on a clock that nobody waits for.

python -m tests.fleet                         writes its part of docs/benchmarks.md
python -m tests.fleet --nodes 20 --credentials 500   any other size; writes nothing
"""

from __future__ import annotations

import argparse
import datetime as dt
import gc
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from bench.page_parts import FLEET
from tests.fleet.channel import GIVE_S, TELL_S, WAKE_S, Delay
from tests.fleet.fleet import ANSWER_S, NEAR, Plan
from tests.fleet.scenarios import Row, Scenario, play_all

PAGE: Final = Path(__file__).parents[2] / "docs" / "benchmarks.md"
DELAYS: Final = {
    "one data centre": NEAR,
    "between regions": Delay(0.02, 0.06),
}

Table = Mapping[str, Sequence[tuple[Scenario, list[Row]]]]


def play(plan: Plan) -> Table:
    """All scenarios, for each kind of network."""
    table: dict[str, list[tuple[Scenario, list[Row]]]] = {}
    for name, delay in DELAYS.items():
        of = Plan(plan.node_count, plan.credential_count, plan.per_s, delay, plan.seed)
        began = time.monotonic()
        for scenario, rows in play_all(of):
            sys.stderr.write(f"[{time.monotonic() - began:6.1f} s] {name}: {scenario.title}\n")
            table.setdefault(name, []).append((scenario, rows))
    return table


def render(plan: Plan, table: Table) -> str:
    """The part of the page."""
    lines = [
        "## Many nodes, simulated",
        "",
        f"Made on {dt.datetime.now(dt.UTC).date().isoformat()} by `make simulate-nodes`:"
        f" {plan.node_count} nodes with the same {plan.credential_count:,} credentials and"
        f" {plan.node_count * plan.per_s:,.0f} requests a second, each of which is answered or"
        f" refused after {ANSWER_S:g} s. Pools, breakers and what nodes tell each other are the"
        " gateway's own code; time, the network and Redis are not there: a message takes"
        f" {_range(DELAYS['one data centre'])} in one data centre and"
        f" {_range(DELAYS['between regions'])} between regions, and Redis works"
        f" {TELL_S * 1e6:.0f} µs for a fact, {WAKE_S * 1e6:.0f} µs for each node that it wakes and"
        f" {GIVE_S * 1e6:.1f} µs for each fact that it gives it.",
        "",
        f"| what happens | figure | {' | '.join(table)} |",
        f"|---|---|{'---|' * len(table)}",
    ]
    for columns in zip(*table.values(), strict=True):
        lead = columns[0][0].title
        for rows in zip(*(rows for _, rows in columns), strict=True):
            values = " | ".join(row.value for row in rows)
            lines.append(f"| {lead} | {rows[0].what} | {values} |")
            lead = ""
    return "\n".join(lines) + "\n"


def _range(delay: Delay) -> str:
    return f"{delay.least_s * 1000:g} to {delay.most_s * 1000:g} ms"


def main(arguments: Sequence[str]) -> int:
    """Gives the exit status: 1 where nodes did not come to know what one of them knew."""
    parser = argparse.ArgumentParser(prog="python -m tests.fleet", description=__doc__)
    parser.add_argument("--nodes", type=int, default=Plan.node_count)
    parser.add_argument("--credentials", type=int, default=Plan.credential_count)
    options = parser.parse_args(arguments)
    plan = Plan(options.nodes, options.credentials)
    # Millions of objects that last.
    gc.disable()
    table = play(plan)
    text = render(plan, table)
    sys.stdout.write(text)
    if plan == Plan():
        PAGE.write_text(FLEET.put_in(PAGE.read_text("utf-8"), text), "utf-8")
    all_rows = [row for column in table.values() for _, rows in column for row in rows]
    return 0 if all(row.is_right for row in all_rows) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
