"""SIGTERM with many live streams: `python -m tests.soak.drain --streams 200`.

Prints one JSON object and exits with 1 when a promise is broken: no stream broken within the grace
time, readiness 503 within a second, exit within a second of the last stream.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from pathlib import Path

from cursor_api.simulator.faults import Faults
from cursor_api.simulator.options import SimulatorOptions
from tests.acceptance.background import upstream
from tests.acceptance.draining import KEY, Drained, drain
from tests.acceptance.programs import running

PATIENCE_S = 1.0
# An answer of about eight seconds: the streams have to begin, all of them, before the first ends.
SLOW = Faults(tokens_per_s=10.0, answer_bytes=400)


def main() -> int:
    """Run once; 0 when all is kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=200)
    stream_count: int = parser.parse_args().streams
    with tempfile.TemporaryDirectory() as name, upstream(SimulatorOptions(faults=SLOW)) as slow:
        folder = Path(name)
        (folder / ".token").write_text("work::token-of-work\n", encoding="utf-8")
        variables = {"PORT": "0", "AUTH_TOKEN": KEY, "CURSOR_BASE_URL": slow.url}
        command = [sys.executable, "-m", "cursor_api", "serve"]
        with running(command, folder, variables) as program:
            seen = asyncio.run(drain(program, program.process.pid, stream_count))
        exit_code = program.process.returncode
    report = {
        "streams": stream_count,
        "running_at_stop": seen.running_count,
        "broken": stream_count - len(seen.texts),
        "different_texts": len(set(seen.texts)),
        "not_ready_after_s": round(seen.not_ready_after_s, 3),
        "exit_after_last_s": round(seen.exit_after_last_s, 3),
        "exit_code": exit_code,
    }
    sys.stdout.write(f"{json.dumps(report)}\n")
    return 0 if exit_code == 0 and is_kept(seen, stream_count) else 1


def is_kept(seen: Drained, stream_count: int) -> bool:
    """Whether what was promised happened, with all streams under way at the signal."""
    return (
        seen.running_count == len(seen.texts) == stream_count
        and seen.not_ready_after_s <= PATIENCE_S
        and seen.exit_after_last_s <= PATIENCE_S
    )


if __name__ == "__main__":
    sys.exit(main())
