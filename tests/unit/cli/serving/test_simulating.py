"""Commands that simulate, run as users run them."""

from __future__ import annotations

import re
import socket
import subprocess
from pathlib import Path

import pytest

from tests.unit.cli.running import command, environ, read_until, started


def test_a_port_in_use_is_one_sentence_and_a_way_out(tmp_path: Path) -> None:
    """Not a traceback."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = subprocess.run(
            command("demo"),
            cwd=tmp_path,
            env=environ(PORT=str(port)),
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    assert done.returncode == 1
    assert f"PORT={port + 1}" in done.stderr
    assert "Traceback" not in done.stderr


def test_simulate_says_how_to_use_it(tmp_path: Path) -> None:
    """The variable to set."""
    with started(tmp_path, "simulate", "--port", "0") as process:
        shown = read_until(process, "CURSOR_BASE_URL=")
    assert re.search(r"\nCURSOR_BASE_URL=http://127\.0\.0\.1:\d+\n", shown)


@pytest.mark.parametrize("kind", ["openai", "anthropic"])
def test_the_block_that_simulate_shows_can_be_pasted(tmp_path: Path, kind: str) -> None:
    """A gateway with it in its file asks the simulator and gets an answer."""
    with started(tmp_path, "simulate", "--port", "0", "--kind", kind) as process:
        shown = read_until(process, "models =")
        (tmp_path / "cursor-api.toml").write_text(shown[shown.index("[[upstream]]") :])
        done = subprocess.run(
            command("upstream", "test", "simulated", "--chat"),
            cwd=tmp_path,
            env=environ(),
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    assert done.returncode == 0, done.stderr
