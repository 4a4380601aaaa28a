"""The simulated bridge as a program."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from cursor_api.simulator.cursor_sdk.program import READY, read_arguments


def test_it_knows_the_genuine_flags_and_passes_over_others() -> None:
    """What a later bridge may be told as well."""
    flags = read_arguments(["--workspace", "/w", "--verbose", "--max-concurrent-agents", "3"])
    assert (flags.workspace, flags.port, flags.sim_never_ready) == ("/w", 0, False)


def test_it_prints_the_ready_line_and_ends_when_it_is_told(tmp_path: Path) -> None:
    """On stderr, with a file that holds its token for nobody else."""
    program = [sys.executable, "-m", "cursor_api.simulator.cursor_sdk.program", "--workspace", "w"]
    with subprocess.Popen(program, stderr=subprocess.PIPE, text=True, env=_env(tmp_path)) as child:
        assert child.stderr is not None
        line = child.stderr.readline()
        facts = json.loads(line.removeprefix(READY))
        token_file = Path(facts["authTokenFile"])
        assert len(token_file.read_text(encoding="ascii")) == 43
        assert token_file.stat().st_mode & 0o077 == 0
        assert facts["pid"] == child.pid
        child.terminate()
        assert child.wait(5) == 0


def _env(folder: Path) -> dict[str, str]:
    import os  # noqa: PLC0415 - for the child alone

    return {**os.environ, "TMPDIR": str(folder)}
