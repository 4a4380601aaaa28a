"""The stages of `make soak`: one row each, with the promise that its figures are about."""

from __future__ import annotations

from dataclasses import dataclass

from tests.soak import (
    departures,
    drain,
    flood,
    kill,
    lag,
    memory,
    million,
    nodes,
    outage,
    overload,
    readers,
    rechunk,
    reload,
    restarts,
    seeds,
    wall,
)
from tests.soak.figures import Run


@dataclass(frozen=True, slots=True)
class Stage:
    """`name` is what is typed; `promise` says what is to be kept."""

    name: str
    promise: str
    run: Run


STAGES = (
    Stage("wall", "Sixteen faults of sixteen end in the truth, and more beyond them", wall.run),
    Stage(
        "seeds",
        "In 5,000 worlds made of chance no request ends untruly and nothing is lost or left over",
        seeds.run,
    ),
    Stage(
        "rechunk",
        "An answer cut anywhere gives its text, a damaged one no hang, no crash, no wrong text",
        rechunk.run,
    ),
    Stage(
        "outage",
        "In a total outage the upstream is asked at most 1.2 times as often as the gateway",
        outage.run,
    ),
    Stage(
        "departures",
        "A client that leaves takes its upstream request with it within a second",
        departures.run,
    ),
    Stage(
        "readers",
        "200 slow readers of 5 MB answers cost at most 64 MiB, nobody else's time, and are cut",
        readers.run,
    ),
    Stage(
        "memory",
        "A stream keeps at most 64 KiB, however long its answer; bombs take at most 32 MiB",
        memory.run,
    ),
    Stage(
        "overload",
        "At four times what it can carry it carries nine tenths of that, and refuses the rest at"
        " once",
        overload.run,
    ),
    Stage(
        "million",
        "A million requests of every kind, a fifth of them left, leave nothing behind",
        million.run,
    ),
    Stage("drain", "SIGTERM with 200 live streams breaks none of them", drain.run),
    Stage(
        "lag",
        "Bodies of ten megabytes, each dear in another way, hold the event loop for at most 50 ms"
        " at a time",
        lag.run,
    ),
    Stage("reload", "Settings and tokens read again 100 times under load fail nothing", reload.run),
    Stage(
        "kill",
        "Killed at 50 moments it leaves whole files, and starts again without help",
        kill.run,
    ),
    Stage(
        "nodes",
        "Two nodes count as one, while Redis loses everything and hangs, a thousand keys are"
        " revoked, clocks differ by a minute, and one of them is killed",
        nodes.run,
    ),
    Stage(
        "restarts",
        "Two nodes behind a proxy: restarted by turns nothing fails, killed only what they had",
        restarts.run,
    ),
    Stage("flood", "Wrong keys from one address leave other callers' p99 within 2 x", flood.run),
)
