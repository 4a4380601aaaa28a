"""Turns rounds of figures into docs/benchmarks.md. Pure: values in, text out."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bench.measure import FRAMES_PER_STREAM_S as FPS
from bench.measure import FULL_STREAMS, LIGHT_STREAMS, Durations, Round, Values

# A benchmark's own machine idles at one or two per cent.
DISTURBANCE_SHARE = 0.05
FLOOR, GATEWAY, DIRECT = "floor", "gateway", "direct"


@dataclass(frozen=True)
class Column:
    """One figure: its metric, its heading, and whether its ratio to the floor says something."""

    metric: str
    heading: str
    digits: int = 0
    has_ratio: bool = False


@dataclass(frozen=True)
class Table:
    """A table of the report."""

    title: str
    columns: Sequence[Column]
    has_direct: bool = False


TABLES = (
    Table(
        "CPU time, the figure to trust",
        (
            Column("request_cpu_us", "µs per plain request", has_ratio=True),
            Column("stream_cpu_us", "µs per one-frame stream", has_ratio=True),
            Column("full_cpu_us", f"µs per frame at {FULL_STREAMS * FPS:,}/s", 1, has_ratio=True),
            Column("light_cpu_us", f"µs per frame at {LIGHT_STREAMS * FPS:,}/s", 1, has_ratio=True),
        ),
    ),
    Table(
        "Most work on one core",
        (
            Column("request_per_s", "plain requests/s", has_ratio=True),
            Column("request_p50_ms", "p50 ms", 1),
            Column("request_p99_ms", "p99 ms", 1),
            Column("stream_per_s", "one-frame streams/s", has_ratio=True),
            Column("stream_p50_ms", "p50 ms", 1),
            Column("stream_p99_ms", "p99 ms", 1),
        ),
    ),
    Table(
        "Delay of a frame, from the upstream's write to the caller's read",
        (
            Column("light_p50_ms", f"p50 ms at {LIGHT_STREAMS * FPS:,}/s", 2),
            Column("light_p99_ms", f"p99 ms at {LIGHT_STREAMS * FPS:,}/s", 2),
            Column("full_p50_ms", f"p50 ms at {FULL_STREAMS * FPS:,}/s", 2),
            Column("full_p99_ms", f"p99 ms at {FULL_STREAMS * FPS:,}/s", 2),
            Column("full_carried_per_s", f"frames/s carried of {FULL_STREAMS * FPS:,}"),
        ),
        has_direct=True,
    ),
    Table(
        "Memory and start",
        (
            Column("base_mb", "MB after start", 1),
            Column("idle_mb_per_1000", "MB more per 1,000 idle open streams", 1, has_ratio=True),
            Column("cold_start_s", "s from start to first answer", 2, has_ratio=True),
        ),
    ),
)

# The goals of the first release; a ratio compares better across machines than they do.
GOALS = (
    ("request_per_s", "requests/s on one core", "at least", 5000.0),
    ("request_cpu_us", "µs CPU per request", "at most", 200.0),
    ("full_cpu_us", "µs CPU per frame at 10,000/s", "at most", 60.0),
    ("idle_mb_per_1000", "MB per 1,000 idle streams", "at most", 30.0),
    ("cold_start_s", "s from start to first answer", "at most", 1.5),
)


@dataclass
class Results:
    """Everything one run found. `missing`: subject name -> why it was not measured."""

    date: str
    facts: Mapping[str, str]
    durations: Durations
    titles: Mapping[str, str]
    notes: Mapping[str, str]
    rounds: dict[str, list[Round]] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    # Of all processors' time, what went to programs that are not part of the benchmark; 0 to 1.
    bystanders_share: float = 0.0

    def values(self, name: str, metric: str) -> list[float]:
        """The metric in every round that has it."""
        return [r.values[metric] for r in self.rounds.get(name, []) if metric in r.values]

    def ratio(self, name: str, metric: str) -> float | None:
        """The median over rounds of subject / floor, both of the same round."""
        pairs = zip(self.rounds.get(name, []), self.rounds.get(FLOOR, []), strict=False)
        ratios = [_quotient(mine.values, base.values, metric) for mine, base in pairs]
        known = [ratio for ratio in ratios if ratio is not None]
        return statistics.median(known) if known else None


def _quotient(mine: Values, base: Values, metric: str) -> float | None:
    if metric not in mine or not base.get(metric):
        return None
    return mine[metric] / base[metric]


def _cell(results: Results, name: str, column: Column) -> str:
    values = results.values(name, column.metric)
    if not values:
        return "-"
    middle, low, high = (
        f"{value:,.{column.digits}f}"
        for value in (statistics.median(values), min(values), max(values))
    )
    text = f"**{middle}** ({low}-{high})"
    ratio = results.ratio(name, column.metric) if column.has_ratio and name != FLOOR else None
    return f"{text} ×{ratio:.2f}" if ratio is not None else text


def _table(results: Results, table: Table) -> list[str]:
    lines = [
        f"## {table.title}",
        "",
        "| | " + " | ".join(column.heading for column in table.columns) + " |",
        "|---|" + "---|" * len(table.columns),
    ]
    for name, title in results.titles.items():
        if name == DIRECT and not table.has_direct:
            continue
        if name in results.missing:
            cells = [f"not measured: {results.missing[name]}"] + [""] * (len(table.columns) - 1)
        else:
            cells = [_cell(results, name, column) for column in table.columns]
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    return [*lines, ""]


def _goals(results: Results) -> list[str]:
    lines = ["## Goals", "", "| goal | | measured | |", "|---|---|---|---|"]
    for metric, what, sense, bound in GOALS:
        values = results.values(GATEWAY, metric)
        if not values:
            continue
        middle = statistics.median(values)
        is_met = middle >= bound if sense == "at least" else middle <= bound
        verdict = "met" if is_met else "**missed**"
        lines.append(f"| {what} | {sense} {bound:,g} | {middle:,.2f} | {verdict} |")
    return [*lines, ""] if len(lines) > 4 else []


def _problems(results: Results) -> list[str]:
    lines = []
    for name, title in results.titles.items():
        for number, one in enumerate(results.rounds.get(name, []), 1):
            lines += [f"- {title}, round {number}: {problem}" for problem in one.problems]
    if not lines:
        return ["Every answer asked for came whole, and every rate asked for was carried.", ""]
    return ["What did not go as asked:", "", *lines, ""]


def _how(results: Results) -> list[str]:
    counts = sorted({len(rounds) for rounds in results.rounds.values()})
    rounds = "-".join(str(count) for count in counts)
    times = results.durations
    return [
        f"Measured on {results.date} by `make bench`, {rounds} interleaved rounds; each figure is "
        "the median over the rounds with the lowest and highest in brackets, and ×r is the median "
        "of its ratios to the floor *in the same round*. Generated; "
        "[how to read it](benchmarking.md).",
        "",
        "The measured program has one core, the upstream and the load generator (both in C) the "
        f"other. Plain requests and one-frame streams: 32 connections, {times.requests_s:g} s, one "
        f"frame of 20 bytes. Frames: {LIGHT_STREAMS} and {FULL_STREAMS} streams of {FPS} frames/s "
        f"each for {times.streams_s:g} s.",
        "",
        *_disturbance(results.bystanders_share),
    ]


def _disturbance(share: float) -> list[str]:
    if share < DISTURBANCE_SHARE:
        return []
    return [
        f"**The machine was not quiet: other programs used {share:.0%} of its processors.**"
        " Delays and requests/s are theirs as much as those of the programs measured, and CPU "
        "times are off by some tenths; ratios suffer least.",
        "",
    ]


def render(results: Results) -> str:
    """The whole page."""
    lines = ["# Benchmarks", "", "[简体中文](benchmarks.zh-CN.md)", "", *_how(results)]
    for table in TABLES:
        lines += _table(results, table)
    lines += _goals(results)
    lines += _problems(results)
    lines += ["## What ran", ""]
    for name, note in results.notes.items():
        lines.append(f"- **{results.titles[name]}**: {note}")
    lines += ["", "| | |", "|---|---|"]
    lines += [f"| {name} | {value} |" for name, value in results.facts.items()]
    return "\n".join(lines) + "\n"
