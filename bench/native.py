"""The C upstream and load generator: compiled on first use, started, and read."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from bench.processes import Launch, Running, pinned, running

HERE = Path(__file__).parent
SOURCES = HERE / "native"
BUILD = HERE / "build"
UPSTREAM_PARTS = ("upstream.c", "answer.c", "schedule.c")
LOAD_PARTS = ("load.c", "answer_reader.c", "samples.c")
FLAGS = ("-O2", "-std=gnu11", "-Wall", "-Wextra")
START_PATIENCE_S = 5.0
ERROR_CHARACTERS_MAX = 200


class ToolsMissingError(Exception):
    """The C tools cannot be had here; the message says what to do."""


class LoadFailedError(Exception):
    """The load generator could not do its work; the message is its own."""


class Percentiles(TypedDict):
    """In microseconds."""

    p50: float
    p99: float


class LoadResult(TypedDict):
    """What bench/native/load.c prints."""

    done: int
    failed: int
    unfinished: int
    frames: int
    dones: int
    bytes: int
    elapsed_s: float
    frame_us: Percentiles
    first_frame_us: Percentiles
    duration_us: Percentiles


@dataclass(frozen=True)
class LoadPlan:
    """What the load generator shall do. `requests_max` 0: only `seconds` bounds it."""

    port: int
    path: str
    headers: Sequence[str]
    body_file: Path
    connections: int
    seconds: float
    requests_max: int = 0
    ramp_s: float = 0.0
    patience_s: float = 30.0
    hold_s: float = 0.0
    host: str = "127.0.0.1"


def build() -> None:
    """Compile what is older than its sources; raises ToolsMissingError."""
    if sys.platform != "linux":
        raise ToolsMissingError("The C tools use epoll and timerfd: `make bench` needs Linux.")
    compiler = os.environ.get("CC") or shutil.which("cc") or shutil.which("gcc")
    if not compiler:
        raise ToolsMissingError(
            "No C compiler found (cc, gcc or $CC). "
            "On Debian or Ubuntu: apt-get install gcc libc6-dev"
        )
    BUILD.mkdir(exist_ok=True)
    newest = max(path.stat().st_mtime for path in SOURCES.iterdir())
    for name, parts in (("upstream", UPSTREAM_PARTS), ("load", LOAD_PARTS)):
        target = BUILD / name
        if target.exists() and target.stat().st_mtime > newest:
            continue
        command = [compiler, *FLAGS, "-o", str(target), *(str(SOURCES / part) for part in parts)]
        result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        if result.returncode:
            raise ToolsMissingError(f"{' '.join(command)} failed:\n{result.stderr}")


@contextlib.contextmanager
def upstream(folder: Path, core: int | None, host: str = "127.0.0.1") -> Iterator[int]:
    """The C upstream on a port of its own; gives the port."""
    launch = Launch([str(BUILD / "upstream"), "0", host])
    with running(launch, core=core, log_path=folder / "upstream.log") as program:
        yield _announced_port(program)


def _announced_port(program: Running) -> int:
    give_up_at = time.monotonic() + START_PATIENCE_S
    while time.monotonic() < give_up_at and not program.has_ended():
        words = program.log_path.read_text().split()
        if len(words) == 2 and words[0] == "PORT":
            return int(words[1])
        time.sleep(0.01)
    raise ToolsMissingError(f"The C upstream did not start: {program.log_tail()}")


def _command(plan: LoadPlan) -> list[str]:
    command = [str(BUILD / "load")]
    for name, value in (
        ("host", plan.host),
        ("port", plan.port),
        ("path", plan.path),
        ("body", plan.body_file),
        ("connections", plan.connections),
        ("seconds", plan.seconds),
        ("requests-max", plan.requests_max),
        ("ramp", plan.ramp_s),
        ("patience", plan.patience_s),
        ("hold", plan.hold_s),
    ):
        command += [f"--{name}", str(value)]
    for header in plan.headers:
        command += ["--header", header]
    return command


def shortened(text: str) -> str:
    """A foreign message, short enough for a table's footnote."""
    return text.strip()[:ERROR_CHARACTERS_MAX]


def load(plan: LoadPlan, core: int | None) -> tuple[LoadResult, str]:
    """Run the load to its end; gives what it counted and the first error's text, if any."""
    with pinned(core):
        process = subprocess.Popen(
            _command(plan), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
    try:
        output, errors = process.communicate(
            timeout=plan.ramp_s + plan.seconds + plan.patience_s + 10
        )
    finally:
        process.kill()
        process.wait()
    if process.returncode:
        raise LoadFailedError(shortened(errors) or f"load ended with {process.returncode}")
    result: LoadResult = json.loads(output)
    return result, shortened(errors)


@contextlib.contextmanager
def held_streams(plan: LoadPlan, core: int | None) -> Iterator[None]:
    """Inside, all of the plan's streams are open and have shown their first frame.

    Raises LoadFailedError when they cannot all be opened within the plan's patience.
    """
    with pinned(core):
        process = subprocess.Popen(
            _command(plan), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
    try:
        # `load` gives up by itself, so this line always comes.
        line = process.stdout.readline() if process.stdout else ""
        if line.strip() != "OPEN":
            errors = process.stderr.read() if process.stderr else ""
            raise LoadFailedError(f"not all could be opened. {shortened(errors)}".strip())
        yield
    finally:
        process.kill()
        process.communicate()
