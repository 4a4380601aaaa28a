"""The programs under measurement: started on one core, watched, and ended again."""

from __future__ import annotations

import datetime as dt
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import NoReturn

import psutil

# Time to end by itself after SIGTERM; a benchmark's process has nothing to save.
STOP_PATIENCE_S = 1.0
# Enough for a traceback.
LOG_TAIL_CHARACTERS = 2000
# Linux numbers the CPU clock of process p like this (clock_getcpuclockid(3) computes the same).
CPUCLOCK_SCHED = 2


@dataclass(frozen=True)
class Launch:
    """How a program is started. `environ` is added to a bare environment, not to the caller's."""

    command: Sequence[str]
    environ: Mapping[str, str] = field(default_factory=dict)
    folder: Path = Path()


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on just now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def end_tidily() -> None:
    """Let SIGTERM end this process as Ctrl-C does, so that what it started is ended too."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)


def run_tidily(main: Callable[[Sequence[str]], int]) -> NoReturn:
    """Be this program: with its arguments, and ended tidily by Ctrl-C and SIGTERM."""
    end_tidily()
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit("stopped")


def say(what: str) -> None:
    """For the person who waits."""
    print(f"{dt.datetime.now(dt.UTC):%H:%M:%S} {what}", file=sys.stderr, flush=True)


@dataclass(frozen=True)
class Cores:
    """The core of the measured program and the core of everything else; None: not tied."""

    measured: int | None
    others: int | None


def share_out_cores() -> Cores:
    """The first two cores this process may use, where programs can be tied to cores at all.

    The calling process moves to the second one.
    """
    if sys.platform != "linux":
        return Cores(None, None)
    usable = sorted(os.sched_getaffinity(0))
    if len(usable) < 2:
        return Cores(None, None)
    os.sched_setaffinity(0, {usable[1]})
    return Cores(usable[0], usable[1])


@contextmanager
def pinned(core: int | None) -> Iterator[None]:
    """Children started inside run on `core` only, from their first instruction."""
    if core is None or sys.platform != "linux":
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


class Running:
    """A started program."""

    def __init__(self, process: subprocess.Popen[bytes], log_path: Path) -> None:
        self.process = process
        self.log_path = log_path
        self._root = psutil.Process(process.pid)

    def has_ended(self) -> bool:
        """Whether it is gone already."""
        return self.process.poll() is not None

    def cpu_s(self) -> float:
        """CPU seconds used so far by the program and its living children."""
        return sum(cpu_s_of(process) for process in self._family())

    def rss_bytes(self) -> int:
        """Resident memory of the program and its living children."""
        total = 0
        for process in self._family():
            with suppress(psutil.NoSuchProcess):
                total += process.memory_info().rss
        return total

    def log_tail(self) -> str:
        """The end of what it printed, for an error message."""
        return self.log_path.read_text(errors="replace")[-LOG_TAIL_CHARACTERS:]

    def stop(self, stop_signal: int = signal.SIGTERM, patience_s: float = STOP_PATIENCE_S) -> None:
        """End it and its children; by force when it will not."""
        family = self._family()
        if not self.has_ended():
            self.process.send_signal(stop_signal)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(patience_s)
        for process in family:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self.process.wait()

    def _family(self) -> list[psutil.Process]:
        with suppress(psutil.NoSuchProcess):
            return [self._root, *self._root.children(recursive=True)]
        return []


def cpu_s_of(process: psutil.Process) -> float:
    """CPU seconds of a process, 0 of one that is gone.

    In nanosecond steps on Linux; psutil's hundredths of a second elsewhere.
    """
    if sys.platform == "linux":
        with suppress(OSError):
            return time.clock_gettime((~process.pid << 3) | CPUCLOCK_SCHED)
    with suppress(psutil.NoSuchProcess):
        times = process.cpu_times()
        return float(times.user + times.system)
    return 0.0


@contextmanager
def running(launch: Launch, *, core: int | None, log_path: Path) -> Iterator[Running]:
    """The program, started now and ended on leaving; its output goes to `log_path`."""
    environ = {
        name: value
        for name, value in os.environ.items()
        # Nothing of the caller's own configuration may reach a measured program.
        if name in {"PATH", "HOME", "LANG", "TMPDIR", "LD_LIBRARY_PATH", "SSL_CERT_FILE"}
    }
    with log_path.open("wb") as log, pinned(core):
        process = subprocess.Popen(
            launch.command,
            env={**environ, **launch.environ},
            cwd=launch.folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    program = Running(process, log_path)
    try:
        yield program
    finally:
        program.stop()
