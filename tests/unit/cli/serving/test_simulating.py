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


@pytest.mark.parametrize(
    ("kind", "hint"),
    [
        ("cursor", r"CURSOR_BASE_URL=http://127\.0\.0\.1:\d+"),
        ("openai", r'kind = "openai", base_url = "http://127\.0\.0\.1:\d+"'),
    ],
)
def test_simulate_says_how_to_use_it(tmp_path: Path, kind: str, hint: str) -> None:
    """The variable to set, or what stands in the block of the upstream."""
    with started(tmp_path, "simulate", "--port", "0", "--kind", kind) as process:
        shown = read_until(process, "simulator:")
    assert re.search(hint, shown)
