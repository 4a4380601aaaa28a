"""Settings and tokens read again under load: no request fails, what is wrong is refused whole."""

from __future__ import annotations

import sys
import time

from tests.acceptance.reloading import ALWAYS, KEY, reload_under_load
from tests.soak.figures import Figure, Size, command, exactly
from tests.soak.stand import gateway, run_fast, simulator

RELOAD_COUNT = 100
CALLER_COUNT = 8


def run(size: Size) -> list[Figure]:
    """Stream and ask all the time, reload in all ways, see that nobody noticed."""
    reload_count = size.count(RELOAD_COUNT, at_least=12)
    variables = {"AUTH_TOKEN": KEY, "GATEWAY_LOG_LEVEL": "info"}
    lines = [f"{name}::token-of-{name}" for name in ALWAYS]
    with simulator() as url, gateway(url, variables, lines) as process:
        began = time.monotonic()
        load, done = run_fast(
            reload_under_load(process.program, process.folder, reload_count, CALLER_COUNT)
        )
        duration_s = time.monotonic() - began
        exit_code = process.program.stop()
    return [
        exactly("reloads", sum(done.counts.values()), reload_count),
        Figure(
            "of them files that were refused whole, their line named",
            done.counts["refuse"] + done.counts["refuse_settings"],
        ),
        exactly("requests failed", len(load.failures), 0),
        exactly("reloads that went wrong", len(done.wrong), 0),
        Figure("streams answered meanwhile", load.stream_count, at_least=1),
        Figure("short requests answered meanwhile", load.short_count, at_least=1),
        Figure("it took", duration_s, "s"),
        exactly("exit status", exit_code, 0),
    ]


if __name__ == "__main__":
    sys.exit(command(run, __doc__))
