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
    Stage(
        "wall", "All sixteen faults end as they should, and so do the further scenarios", wall.run
    ),
    Stage(
        "seeds",
        "In 5,000 random runs no request ends wrongly, and nothing is lost or left over",
        seeds.run,
    ),
    Stage(
        "rechunk",
        "An answer cut into any pieces gives its text; a damaged one causes no hang, crash or"
        " wrong text",
        rechunk.run,
    ),
    Stage(
        "outage",
        "In a total outage the upstream gets at most 1.2 times as many requests as the gateway",
        outage.run,
    ),
    Stage(
        "departures",
        "When a client leaves, its upstream request ends within a second",
        departures.run,
    ),
    Stage(
        "readers",
        "200 slow readers of 5 MB answers cost at most 64 MiB, slow nobody else, and are cut off",
        readers.run,
    ),
    Stage(
        "memory",
        "A stream takes at most 64 KiB, however long its answer; zip bombs take at most 32 MiB",
        memory.run,
    ),
    Stage(
        "overload",
        "At four times its capacity it still carries nine tenths of it, and refuses the rest at"
        " once",
        overload.run,
    ),
    Stage(
        "million",
        "A million requests of every kind, of which clients cancel a fifth, leave nothing behind",
        million.run,
    ),
    Stage("drain", "SIGTERM with 200 live streams breaks none of them", drain.run),
    Stage(
        "lag",
        "Bodies of ten megabytes, each costly in another way, hold up the event loop for at most"
        " 50 ms at a time",
        lag.run,
    ),
    Stage(
        "reload",
        "Reading settings and tokens again 100 times under load makes nothing fail",
        reload.run,
    ),
    Stage(
        "kill",
        "Killed at 50 moments, it leaves whole files and starts again without help",
        kill.run,
    ),
    Stage(
        "nodes",
        "Two nodes act as one while Redis loses everything and hangs, a thousand keys are"
        " revoked, clocks differ by a minute, and one of them is killed",
        nodes.run,
    ),
    Stage(
        "restarts",
        "Two nodes behind a proxy: restarted in turn, nothing fails; killed, only what they were"
        " answering",
        restarts.run,
    ),
    Stage("flood", "Wrong keys from one address at most double other callers' p99", flood.run),
)
