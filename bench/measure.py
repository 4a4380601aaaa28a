"""One round of measurements of one subject.

Two fresh processes a round: one for memory, because a process that has carried load keeps memory
that idle streams would then seem not to need; one for everything else.
"""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import native
from bench.native import LoadFailedError, LoadPlan, LoadResult
from bench.processes import Cores, Running, free_port, running
from bench.subjects import CHAT_PATH, MODEL, Place, Subject

TEXT_BYTES = 20
FRAME_INTERVAL_MS = 50
FRAMES_PER_STREAM_S = 1000 // FRAME_INTERVAL_MS
LIGHT_STREAMS = 25
FULL_STREAMS = 500
# Enough to keep one core busy, few enough that queues say nothing about the program.
CLOSED_LOOP_CONNECTIONS = 32
# An idle stream shows one frame and then nothing for longer than it is looked at.
IDLE_INTERVAL_MS = 120_000
IDLE_HOLD_S = 30.0
SETTLE_S = 1.0
# Streams are opened over this time, as callers come, not in one burst.
RAMP_S = 1.0
# Below this share of the asked rate a stream figure is about a queue, not about the program.
CARRIED_SHARE = 0.95

# Metric name -> value. A metric that could not be taken is absent.
Values = dict[str, float]


@dataclass(frozen=True)
class Durations:
    """How long each part lasts, in seconds."""

    warm_up_s: float = 1.0
    requests_s: float = 4.0
    streams_s: float = 6.0


QUICK = Durations(warm_up_s=0.5, requests_s=1.5, streams_s=2.0)


@dataclass(frozen=True)
class Bench:
    """What all measurements of one run share."""

    folder: Path
    upstream_port: int
    key: str
    durations: Durations
    cores: Cores
    # Told what is being done, for the person waiting.
    say: Callable[[str], None]


@dataclass(frozen=True)
class Target:
    """A subject that is up. `program` is None when the upstream itself is asked."""

    bench: Bench
    port: int
    headers: list[str]
    program: Running | None


@dataclass(frozen=True)
class Round:
    """What one round gave, and what went wrong in it."""

    values: Values
    problems: list[str]


class SubjectFailedError(Exception):
    """A subject did not start or did not answer; the message has the end of its output."""


def chat_body(frames: int, interval_ms: int, *, is_stream: bool) -> bytes:
    """A chat request whose prompt tells the upstream what to answer."""
    mark = f"@@{frames},{interval_ms},{TEXT_BYTES}@@"
    body: dict[str, object] = {"model": MODEL, "messages": [{"role": "user", "content": mark}]}
    if is_stream:
        body["stream"] = True
    # No blanks: the upstream looks for `"stream":true`.
    return json.dumps(body, separators=(",", ":")).encode()


def _ask_once(target: Target) -> int:
    """The status of one plain request; 0 when nobody listens yet."""
    connection = http.client.HTTPConnection("127.0.0.1", target.port, timeout=10)
    headers = dict(line.split(": ", 1) for line in target.headers)
    headers["Content-Type"] = "application/json"
    try:
        connection.request("POST", CHAT_PATH, chat_body(1, 0, is_stream=False), headers)
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()


@contextmanager
def started(subject: Subject, bench: Bench, values: Values) -> Iterator[Target]:
    """The subject, answering; adds the time from its start to its first 200 to `values`."""
    place = Place(free_port(), bench.upstream_port, bench.folder, bench.key)
    launch = subject.launch(place)
    log_path = bench.folder / f"{subject.name}.log"
    began = time.monotonic()
    with running(launch, core=bench.cores.measured, log_path=log_path) as program:
        target = Target(bench, place.port, subject.headers(place), program)
        status = 0
        while (status := _ask_once(target)) != 200:
            if program.has_ended() or time.monotonic() - began > subject.start_patience_s:
                raise SubjectFailedError(
                    f"it gave no answer (last status {status})\n{program.log_tail()}"
                )
            time.sleep(0.005)
        values["cold_start_s"] = time.monotonic() - began
        yield target


def _load(target: Target, body: bytes, **plan: float) -> tuple[LoadResult, float, str]:
    """Run a load; gives its result, the CPU seconds the subject used for it, the first error."""
    body_file = target.bench.folder / "body.json"
    body_file.write_bytes(body)
    before = target.program.cpu_s() if target.program else 0.0
    result, error = native.load(
        LoadPlan(
            port=target.port,
            path=CHAT_PATH,
            headers=target.headers,
            body_file=body_file,
            connections=int(plan["connections"]),
            seconds=plan["seconds"],
            requests_max=int(plan.get("requests_max", 0)),
            ramp_s=plan.get("ramp_s", 0.0),
        ),
        target.bench.cores.others,
    )
    after = target.program.cpu_s() if target.program else 0.0
    return result, after - before, error


def _complaints(what: str, result: LoadResult, expected_frames: int, error: str) -> list[str]:
    failed, unfinished = result["failed"], result["unfinished"]
    if failed or unfinished:
        asked = result["done"] + failed + unfinished
        told = f"{what}: {failed} failed, {unfinished} unfinished of {asked} {error}"
        return [told.strip()]
    if result["frames"] != expected_frames:
        return [f"{what}: {result['frames']:,} of {expected_frames:,} frames arrived"]
    return []


def _closed_loop(target: Target, prefix: str, *, is_stream: bool) -> Round:
    """As many one-frame answers as it can give."""
    body = chat_body(1, 0, is_stream=is_stream)
    seconds = target.bench.durations.requests_s
    result, cpu_s, error = _load(target, body, connections=CLOSED_LOOP_CONNECTIONS, seconds=seconds)
    # Peers get the upstream's own JSON in the plain case, which carries no marks to count.
    expected = result["done"] if is_stream else result["frames"]
    problems = _complaints(prefix, result, expected, error)
    if not result["done"]:
        return Round({}, problems)
    return Round(
        {
            f"{prefix}_cpu_us": cpu_s / result["done"] * 1e6,
            f"{prefix}_per_s": result["done"] / result["elapsed_s"],
            f"{prefix}_p50_ms": result["duration_us"]["p50"] / 1000,
            f"{prefix}_p99_ms": result["duration_us"]["p99"] / 1000,
        },
        problems,
    )


def paced_streams(target: Target, prefix: str, streams: int) -> Round:
    """Streams at a fixed rate: cost and delay of a frame."""
    seconds = target.bench.durations.streams_s
    frames = int(seconds * FRAMES_PER_STREAM_S)
    body = chat_body(frames, FRAME_INTERVAL_MS, is_stream=True)
    result, cpu_s, error = _load(
        target,
        body,
        connections=streams,
        requests_max=streams,
        seconds=seconds,
        ramp_s=RAMP_S,
    )
    problems = _complaints(prefix, result, streams * frames, error)
    if not result["done"]:
        return Round({}, problems)
    # A program that falls behind makes every stream last longer than its frames were paced for.
    share = min(1.0, seconds * 1e6 / result["duration_us"]["p50"])
    asked_per_s = streams * FRAMES_PER_STREAM_S
    if share < CARRIED_SHARE:
        problems.append(f"{prefix}: carried {asked_per_s * share:,.0f} of {asked_per_s:,} frames/s")
    return Round(
        {
            f"{prefix}_cpu_us": cpu_s / result["frames"] * 1e6,
            f"{prefix}_p50_ms": result["frame_us"]["p50"] / 1000,
            f"{prefix}_p99_ms": result["frame_us"]["p99"] / 1000,
            f"{prefix}_carried_per_s": asked_per_s * share,
        },
        problems,
    )


def _idle_memory(target: Target, streams: int) -> Values:
    """Memory before and with idle open streams."""
    program = target.program
    if program is None:
        return {}
    for is_stream in (False, True):
        body = chat_body(1, 0, is_stream=is_stream)
        _load(target, body, connections=8, requests_max=100, seconds=5.0)
    time.sleep(SETTLE_S)
    base_bytes = program.rss_bytes()
    body_file = target.bench.folder / "body.json"
    body_file.write_bytes(chat_body(2, IDLE_INTERVAL_MS, is_stream=True))
    plan = LoadPlan(
        port=target.port,
        path=CHAT_PATH,
        headers=target.headers,
        body_file=body_file,
        connections=streams,
        seconds=5.0,
        ramp_s=RAMP_S,
        patience_s=30.0,
        hold_s=IDLE_HOLD_S,
    )
    with native.held_streams(plan, target.bench.cores.others):
        time.sleep(SETTLE_S)
        held_bytes = program.rss_bytes()
    return {
        "base_mb": base_bytes / 1e6,
        "idle_mb_per_1000": (held_bytes - base_bytes) / 1e6 * 1000 / streams,
    }


def measure(subject: Subject, bench: Bench) -> Round:
    """One round of everything; what fails is reported and does not stop the rest.

    Raises SubjectFailedError when the subject does not come up.
    """
    values: Values = {}
    problems: list[str] = []
    bench.say("memory")
    with started(subject, bench, values) as target:
        try:
            values.update(_idle_memory(target, subject.idle_streams))
        except LoadFailedError as error:
            problems.append(f"idle streams: {error}")
    with started(subject, bench, values) as target:
        bench.say("warm-up")
        warm_up_s = bench.durations.warm_up_s
        for is_stream in (False, True):
            body = chat_body(1, 0, is_stream=is_stream)
            _load(target, body, connections=CLOSED_LOOP_CONNECTIONS, seconds=warm_up_s / 2)
        parts: list[tuple[str, Callable[[], Round]]] = [
            ("plain requests", lambda: _closed_loop(target, "request", is_stream=False)),
            ("one-frame streams", lambda: _closed_loop(target, "stream", is_stream=True)),
            ("light stream rate", lambda: paced_streams(target, "light", LIGHT_STREAMS)),
        ]
        if subject.full_rate_streams:
            streams = subject.full_rate_streams
            parts.append(("full stream rate", lambda: paced_streams(target, "full", streams)))
        for what, part in parts:
            bench.say(what)
            try:
                outcome = part()
            except LoadFailedError as error:
                problems.append(f"{what}: {error}")
                continue
            values.update(outcome.values)
            problems.extend(outcome.problems)
    return Round(values, problems)


def measure_direct(bench: Bench) -> Round:
    """The frame delay without anything in between: the load generator on the upstream itself."""
    target = Target(bench, bench.upstream_port, [], None)
    values: Values = {}
    problems: list[str] = []
    for prefix, streams in (("light", LIGHT_STREAMS), ("full", FULL_STREAMS)):
        bench.say(f"{prefix} stream rate")
        outcome = paced_streams(target, prefix, streams)
        values.update(outcome.values)
        problems.extend(outcome.problems)
    return Round(values, problems)
