"""The part about workers and nodes in docs/benchmarks.md. Pure: values in, text out."""

from __future__ import annotations

import datetime as dt
import statistics
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from bench.measure import CLOSED_LOOP_CONNECTIONS
from bench.report import DISTURBANCE_SHARE

GATEWAY, REDIS, POSTGRES = "gateway", "Redis", "PostgreSQL"
SINGLE: Final = "single"
TITLES: Final = {
    SINGLE: "single process",
    "workers": "2 workers",
    "node": "1 node",
    "nodes": "2 nodes",
}
KEYS: Final = {
    "operator": "A key without limits",
    "limited": "A key with limits",
}


class Costs(NamedTuple):
    """One load. `cpu_us` is per request, by kind of program."""

    per_s: float
    p99_ms: float
    cpu_us: Mapping[str, float]
    failed_count: int = 0


@dataclass
class Results:
    """All figures. `costs` by setup and key, one of each round; `memory_mb` by setup and kind."""

    rounds: int
    load_s: float
    has_namespaces: bool
    costs: dict[tuple[str, str], list[Costs]] = field(default_factory=dict)
    memory_mb: dict[str, dict[str, float]] = field(default_factory=dict)
    room_bytes: dict[str, float] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)
    bystanders_share: float = 0.0


def render(results: Results) -> str:
    """The text."""
    lines = ["## Workers and nodes", "", *_how(results)]
    for key, title in KEYS.items():
        lines += [f"{title}:", "", *_table(results, key), ""]
    lines += [*_failures(results), *_memory(results), "", *_room(results), "", "| | |", "|---|---|"]
    lines += [f"| {name} | {value} |" for name, value in results.facts.items()]
    return "\n".join(lines) + "\n"


def _how(results: Results) -> Iterable[str]:
    where = "in network namespaces" if results.has_namespaces else "on the loopback, without root"
    yield (
        f"Measured on {dt.datetime.now(dt.UTC).date().isoformat()} by `make bench-nodes`,"
        f" {results.rounds} interleaved rounds of {results.load_s:g} s: plain requests over"
        f" {CLOSED_LOOP_CONNECTIONS} connections without pause; nodes {where}. Each figure is the"
        " median over the rounds, ×r the median of its ratios to the single process *in the same"
        " round*. Load generator, upstream, Redis and PostgreSQL run on the same processors as the"
        " gateway, so requests/s say what is left for it; CPU time is the figure to trust."
    )
    yield ""
    if results.bystanders_share >= DISTURBANCE_SHARE:
        yield (
            "**The machine was not quiet: other programs used"
            f" {results.bystanders_share:.0%} of its processors.** Requests/s and p99 are theirs"
            " as much as those of the programs measured; ratios suffer least."
        )
        yield ""


def _failures(results: Results) -> Iterable[str]:
    for (name, key), rounds in results.costs.items():
        failed_count = sum(one.failed_count for one in rounds)
        if failed_count:
            yield f"Not answered: {failed_count:,} requests ({TITLES[name]}, {KEYS[key].lower()})."
            yield ""


def _table(results: Results, key: str) -> Iterable[str]:
    yield "| | requests/s | p99 ms | µs CPU of the gateway | of Redis | of PostgreSQL |"
    yield "|---|---|---|---|---|---|"
    for name, title in TITLES.items():
        rounds = results.costs.get((name, key), [])
        base = results.costs.get((SINGLE, key), [])

        def cell(
            of: Callable[[Costs], float],
            digits: int = 0,
            mine: list[Costs] = rounds,
            single: list[Costs] = base,
        ) -> str:
            text = f"**{statistics.median(map(of, mine)):,.{digits}f}**"
            if mine is single:
                return text
            ratio = statistics.median(of(a) / of(b) for a, b in zip(mine, single, strict=True))
            return f"{text} ×{ratio:.2f}"

        def server(kind: str, mine: list[Costs] = rounds) -> str:
            middle = statistics.median(one.cpu_us[kind] for one in mine)
            return f"{middle:,.0f}" if middle else "-"

        if rounds:
            cells = (
                cell(lambda one: one.per_s),
                cell(lambda one: one.p99_ms, 1),
                cell(lambda one: one.cpu_us[GATEWAY]),
                server(REDIS),
                server(POSTGRES),
            )
            yield f"| {title} | {' | '.join(cells)} |"


def _memory(results: Results) -> Iterable[str]:
    yield "Memory after all that, MB (what processes share is counted once):"
    yield ""
    yield f"| | {GATEWAY} | {REDIS} | {POSTGRES} |"
    yield "|---|---|---|---|"
    for name, title in TITLES.items():
        if name in results.memory_mb:
            found = results.memory_mb[name]
            cells = [f"{found[kind]:,.0f}" if found[kind] else "-" for kind in found]
            yield f"| {title} | {' | '.join(cells)} |"


def _room(results: Results) -> Iterable[str]:
    yield "| What takes room | bytes |"
    yield "|---|---|"
    for what, size in results.room_bytes.items():
        yield f"| {what} | {size:,.0f} |"
