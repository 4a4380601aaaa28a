"""The repository as it would be published, and tools run on it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
# Tools of the group `ship`, which the Makefile installs there.
TOOLS: Final = ROOT / ".venv" / "ship" / "bin"
TOOL_S_MAX: Final = 900.0


class ToolError(Exception):
    """A tool failed; the message has its command and its complaint."""


def run(
    *command: str | Path,
    cwd: Path = ROOT,
    more: Mapping[str, str] | None = None,
    seconds: float = TOOL_S_MAX,
) -> str:
    """Run a tool to its end; gives what it wrote. Raises ToolError where it fails."""
    # Not the variables of a make around this one, nor a virtual environment's.
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS", "VIRTUAL"))}
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**kept, **(more or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=seconds,
    )
    if done.returncode != 0:
        words = " ".join(str(part) for part in command)
        raise ToolError(f"`{words}` ended with {done.returncode}:\n{done.stdout}")
    return done.stdout


def say(text: str) -> None:
    """A line of the report, at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def copy_checkout(folder: Path) -> Path:
    """What a clone has, with the changes that are not committed yet."""
    listed = run("git", "ls-files", "-z", "-co", "--exclude-standard").split("\0")
    for name in listed:
        source = ROOT / name
        if name and source.is_file():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    return folder
