"""One run of an agent: in a home of its own, bounded in time, and nothing of it left afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

# What an agent leaves to itself at its end has so long to go, too.
LINGER_S: Final = 3.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it. `status` is None where it had to be ended; `left` names what stayed."""

    status: int | None
    answer: str
    errors: str
    seconds: float
    left: tuple[str, ...]

    @property
    def said(self) -> str:
        """Both of its outputs."""
        return f"{self.answer}\n{self.errors}"


def run(command: Sequence[str], home: Path, variables: Mapping[str, str], s_max: float) -> Outcome:
    """Run it in `home`/work until it ends, or end its whole process group at `s_max`."""
    environ = {**variables, "HOME": str(home)}
    outputs = [home / "answer.txt", home / "errors.txt"]
    began = time.monotonic()
    with outputs[0].open("wb") as answer, outputs[1].open("wb") as errors:
        process = subprocess.Popen(
            command,
            cwd=home / "work",
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=answer,
            stderr=errors,
            start_new_session=True,
        )
        status: int | None = None
        try:
            status = process.wait(s_max)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    seconds = time.monotonic() - began
    left = _end_the_rest(home)
    texts = [path.read_text(encoding="utf-8", errors="replace") for path in outputs]
    return Outcome(status, texts[0], texts[1], seconds, () if status is None else left)


def _end_the_rest(home: Path) -> tuple[str, ...]:
    """Names of processes of this home that are there after the time they have; they are ended."""
    deadline = time.monotonic() + LINGER_S
    while (rest := _of_home(home)) and time.monotonic() < deadline:
        time.sleep(0.05)
    names = []
    for process in rest:
        try:
            names.append(process.name())
            process.kill()
        except psutil.NoSuchProcess:
            continue
    return tuple(names)


def _of_home(home: Path) -> list[psutil.Process]:
    """Told by the variable that only this run's processes have."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("HOME") == str(home):
                found.append(process)
        except (psutil.AccessDenied, psutil.NoSuchProcess, psutil.ZombieProcess):
            continue  # another user's, or gone
    return found
