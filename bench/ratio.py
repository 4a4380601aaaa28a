"""What the gateway costs, as a multiple of the floor: `python -m bench.ratio`.

Needs only Python (no compiler, no network). Both programs run at the same time, are loaded in
turns, and only their own CPU time is counted, so a busy or slow machine moves both figures and
hardly their ratio. Prints one JSON object: {"request": {...}, "frame": {...}}, each with the
gateway's and the floor's µs per unit and their ratio.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench.processes import Running, free_port, running
from bench.pure import Errand, Tally, Upstream, ask, chat_body, run
from bench.subjects import SUBJECTS, Place

START_PATIENCE_S = 10.0
REQUEST_CONNECTIONS = 16
STREAMS = 100
FRAME_INTERVAL_MS = 10


@dataclass(frozen=True)
class Load:
    """How much is asked in one turn, and how many turns there are."""

    rounds: int = 5
    requests: int = 640
    frames_per_stream: int = 60


@dataclass(frozen=True)
class Contender:
    """A program that is up."""

    name: str
    port: int
    key: str
    program: Running


class RatioError(Exception):
    """The comparison could not be made; the message says why."""


def _start(stack: ExitStack, names: Iterable[str], upstream_port: int) -> list[Contender]:
    """Start one process for each name, all at once."""
    by_name = {subject.name: subject for subject in SUBJECTS}
    contenders = []
    for name in names:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ratio-")))
        place = Place(free_port(), upstream_port, folder, f"sk-{secrets.token_hex(32)}")
        launch = by_name[name].launch(place)
        program = stack.enter_context(running(launch, core=None, log_path=folder / "output.log"))
        contenders.append(Contender(name, place.port, place.key, program))
    return contenders


def _is_listening(contender: Contender) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", contender.port, timeout=1)
    try:
        connection.connect()
    except OSError:
        return False
    finally:
        connection.close()
    return True


async def wait_until_listening(contenders: list[Contender]) -> None:
    """Return when all accept connections; raises RatioError when one does not in time."""
    give_up_at = time.monotonic() + START_PATIENCE_S
    for contender in contenders:
        while not _is_listening(contender):
            if contender.program.has_ended() or time.monotonic() > give_up_at:
                tail = contender.program.log_tail()
                raise RatioError(f"{contender.name} does not listen:\n{tail}")
            await asyncio.sleep(0.02)


async def _cost_us(contender: Contender, errand: Errand, frames: int) -> float:
    """CPU µs of the contender per frame of the errand; every frame must come."""
    before = contender.program.cpu_s()
    tally: Tally = await ask(errand)
    cost_s = contender.program.cpu_s() - before
    if tally.refusals or tally.frames_count != frames:
        raise RatioError(
            f"{contender.name}: {tally.frames_count} of {frames} frames came; "
            f"{tally.refusals[:1]}\n{contender.program.log_tail()}"
        )
    return cost_s / frames * 1e6


async def _request_us(contender: Contender, load: Load) -> float:
    each = load.requests // REQUEST_CONNECTIONS
    body = chat_body(1, is_stream=False)
    errand = Errand(contender.port, contender.key, body, REQUEST_CONNECTIONS, each)
    return await _cost_us(contender, errand, REQUEST_CONNECTIONS * each)


async def _frame_us(contender: Contender, load: Load) -> float:
    body = chat_body(load.frames_per_stream, is_stream=True)
    errand = Errand(contender.port, contender.key, body, STREAMS, 1)
    return await _cost_us(contender, errand, STREAMS * load.frames_per_stream)


async def compare(names: tuple[str, str], load: Load) -> dict[str, dict[str, float]]:
    """Load the two in turns, the first to go changing each round; the medians and their ratio."""
    async with Upstream(FRAME_INTERVAL_MS) as upstream:
        with ExitStack() as stack:
            contenders = _start(stack, names, upstream.port)
            await wait_until_listening(contenders)
            taken: dict[str, list[list[float]]] = {"request": [[], []], "frame": [[], []]}
            # The first round warms up: connections, caches, memory.
            for number in range(load.rounds + 1):
                for place in (0, 1) if number % 2 else (1, 0):
                    request_us = await _request_us(contenders[place], load)
                    frame_us = await _frame_us(contenders[place], load)
                    if number:
                        taken["request"][place].append(request_us)
                        taken["frame"][place].append(frame_us)
    return {unit: _verdict(*costs) for unit, costs in taken.items()}


def _verdict(first: list[float], second: list[float]) -> dict[str, float]:
    return {
        "gateway_us": round(statistics.median(first), 1),
        "floor_us": round(statistics.median(second), 1),
        # Both of the same round, so that a busy second weighs on both.
        "ratio": round(statistics.median(a / b for a, b in zip(first, second, strict=True)), 3),
    }


def main() -> None:
    """Compare, print, and exit with 1 when it could not be done."""
    parser = argparse.ArgumentParser(prog="python -m bench.ratio", description=__doc__)
    parser.add_argument("--rounds", type=int, default=Load.rounds)
    parser.add_argument(
        "--self", action="store_true", help="the floor against itself: shows the noise"
    )
    options = parser.parse_args()
    names = ("floor" if options.self else "gateway", "floor")
    try:
        result = run(compare(names, Load(rounds=options.rounds)))
    except RatioError as error:
        sys.exit(str(error))
    print(json.dumps(result))


if __name__ == "__main__":
    main()
