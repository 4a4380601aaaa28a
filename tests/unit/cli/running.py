"""Commands as other processes, and what they say."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def environ(**variables: str) -> dict[str, str]:
    """This process's environment without anything that sets the gateway."""
    names = ("PORT", "HOST", "AUTH_TOKEN")
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in names and not name.startswith(("CURSOR_", "GATEWAY_"))
    }
    return kept | variables


def command(*arguments: str) -> list[str]:
    """The command as another process."""
    return [sys.executable, "-m", "cursor_api", *arguments]


@contextmanager
def started(folder: Path, *arguments: str, **variables: str) -> Iterator[subprocess.Popen[str]]:
    """A running command; stopped at the end."""
    process = subprocess.Popen(
        command(*arguments),
        cwd=folder,
        env=environ(**variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=10)


def read_until(process: subprocess.Popen[str], pattern: str) -> str:
    """The output up to a line that matches."""
    assert process.stdout is not None
    seen = ""
    for line in process.stdout:
        seen += line
        if re.search(pattern, line):
            return seen
    raise AssertionError(f"the command ended after {seen!r}")
