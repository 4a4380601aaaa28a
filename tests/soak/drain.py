"""SIGTERM with many live streams: none is broken, and the process ends when the last has."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from cursor_api.simulator.faults import Faults
from cursor_api.simulator.options import SimulatorOptions
from tests.acceptance.background import upstream
from tests.acceptance.draining import KEY, drain
from tests.acceptance.programs import running
from tests.soak.figures import Figure, Size, command, exactly

STREAM_COUNT = 200
PATIENCE_S = 1.0
TOKENS_PER_S = 10.0
# Answers of about eight seconds, two where there are few: the streams have to begin, all of them,
# before the first ends.
ANSWER_BYTES, ANSWER_BYTES_MIN = 400, 100


def run(size: Size) -> list[Figure]:
    """Begin the streams, send the signal, look around, see it end."""
    stream_count = size.count(STREAM_COUNT, at_least=5)
    answer_bytes = ANSWER_BYTES if stream_count > 20 else ANSWER_BYTES_MIN
    slow_answers = Faults(tokens_per_s=TOKENS_PER_S, answer_bytes=answer_bytes)
    options = SimulatorOptions(faults=slow_answers)
    with tempfile.TemporaryDirectory() as name, upstream(options) as slow:
        folder = Path(name)
        (folder / ".token").write_text("work::token-of-work\n", encoding="utf-8")
        variables = {"PORT": "0", "AUTH_TOKEN": KEY, "CURSOR_BASE_URL": slow.url}
        program_line = [sys.executable, "-m", "cursor_api", "serve"]
        with running(program_line, folder, variables) as program:
            seen = asyncio.run(drain(program, program.process.pid, stream_count))
        exit_code = program.process.returncode
    return [
        exactly("streams under way at SIGTERM", seen.running_count, stream_count),
        exactly("streams broken", stream_count - len(seen.texts), 0),
        exactly("different texts", len(set(seen.texts)), 1),
        Figure("not ready after", seen.not_ready_after_s, "s", at_most=PATIENCE_S, is_timing=True),
        Figure(
            "end after the last stream",
            seen.exit_after_last_s,
            "s",
            at_most=PATIENCE_S,
            is_timing=True,
        ),
        exactly("exit status", exit_code, 0),
    ]


if __name__ == "__main__":
    sys.exit(command(run, __doc__))
