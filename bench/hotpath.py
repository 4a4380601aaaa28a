"""Where the gateway spends its time: `python -m bench.hotpath [requests|streams]`.

Runs `cursor-api serve` under cProfile with the pure-Python upstream and load of bench/pure.py and
prints the functions with the most time of their own, then those with the most time in all. The
profiler makes small Python functions look dearer than they are and sees nothing inside C; for
a truer picture use a sampling profiler (docs/benchmarking.md says how), for a decision measure
with `python -m bench.ratio` before and after.
"""

from __future__ import annotations

import argparse
import asyncio
import pstats
import secrets
import signal
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from bench.processes import free_port, running
from bench.pure import Upstream, ask, run
from bench.ratio import (
    FRAME_INTERVAL_MS,
    REQUEST_INTERVAL_S,
    Contender,
    Load,
    RatioError,
    requests_of,
    streams_of,
    wait_until_listening,
)
from bench.subjects import Place, launch_gateway

# Writing the profile happens after the last request.
STOP_PATIENCE_S = 10.0


async def profile(work: str, seconds: float, profile_file: Path, folder: Path) -> None:
    """Load a profiled gateway with requests or streams for so many seconds, and end it."""
    async with Upstream(FRAME_INTERVAL_MS) as upstream:
        place = Place(free_port(), upstream.port, folder, f"sk-{secrets.token_hex(32)}")
        launch = launch_gateway(place)
        interpreter, *arguments = launch.command
        profiled = replace(
            launch, command=[interpreter, "-m", "cProfile", "-o", str(profile_file), *arguments]
        )
        load = Load(
            requests_per_connection=int(seconds / REQUEST_INTERVAL_S),
            frames_per_stream=int(seconds * 1000 / FRAME_INTERVAL_MS),
        )
        errand_of = requests_of if work == "requests" else streams_of
        with running(profiled, core=None, log_path=folder / "output.log") as program:
            gateway = Contender("gateway", place.port, place.key, program)
            await asyncio.to_thread(
                wait_until_listening, gateway.name, gateway.program, gateway.port
            )
            await ask(errand_of(gateway, load))
            # SIGTERM would end the interpreter before the profile is written.
            program.stop(signal.SIGINT, STOP_PATIENCE_S)


def main() -> None:
    """Profile and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.hotpath", description=__doc__)
    parser.add_argument("work", choices=("requests", "streams"), nargs="?", default="requests")
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--lines", type=int, default=35)
    parser.add_argument("--output", type=Path, help="keep the profile for pstats or snakeviz")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hotpath-") as name:
        folder = Path(name)
        profile_file = options.output.resolve() if options.output else folder / "profile"
        try:
            run(profile(options.work, options.seconds, profile_file, folder))
        except RatioError as error:
            sys.exit(str(error))
        if not profile_file.exists():
            sys.exit(f"no profile was written:\n{(folder / 'output.log').read_text()}")
        stats = pstats.Stats(str(profile_file))
        stats.sort_stats("tottime").print_stats(options.lines)
        stats.sort_stats("cumtime").print_stats(r"cursor_api/(?!cli|bootstrap)", options.lines)


if __name__ == "__main__":
    main()
