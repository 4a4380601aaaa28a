"""The installed command as a running program."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psutil

# Generous: other tests have the other core. Several workers take four seconds of one to start.
START_S_MAX = 40.0
STOP_S_MAX = 10.0
URL = re.compile(r"https?://127\.0\.0\.1:\d+")


@dataclass(frozen=True, slots=True)
class Program:
    """A program that serves. `url` is its address without a path."""

    url: str
    output: Path
    process: subprocess.Popen[bytes]

    def __repr__(self) -> str:
        return f"Program({self.url}), which said:\n{self.said()}"

    @property
    def port(self) -> int:
        """The port that it chose."""
        return int(self.url.rpartition(":")[2])

    def said(self) -> str:
        """All it has written so far, on both of its outputs."""
        return self.output.read_text(encoding="utf-8")

    def has_said(self, words: str, count: int = 1) -> bool:
        """Whether it has written them so often; fails where it has ended and has not."""
        has_ended = self.process.poll() is not None
        has_said = self.said().count(words) >= count
        assert has_said or not has_ended, f"it ended before it said {words!r}"
        return has_said

    def stop(self) -> int:
        """Ask it to end as a container platform does; its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_S_MAX)


def environment(more: Mapping[str, str]) -> dict[str, str]:
    """This machine's environment without proxies and without other gateways' settings."""
    kept = {"PATH", "HOME", "LANG", "LC_ALL", "TMPDIR"}
    return {k: v for k, v in os.environ.items() if k in kept} | dict(more)


@contextmanager
def running(
    command: list[str], folder: Path, variables: Mapping[str, str] | None = None
) -> Iterator[Program]:
    """Start it in the folder, wait until it has said where it listens, and end it afterwards."""
    output = folder / "output.txt"
    with output.open("wb") as stream:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment(variables or {}),
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
    try:
        yield Program(_wait_for_url(process, output), output, process)
    except BaseException as error:
        error.add_note(f"{' '.join(command)} said:\n{output.read_text(encoding='utf-8')}")
        raise
    finally:
        _end(process)


@contextmanager
def speaking_to(
    output: int | IO[bytes], command: list[str], folder: Path, variables: Mapping[str, str]
) -> Iterator[Program]:
    """The same with both outputs going anywhere, even where nobody can read an address from.

    The port is found out from the system. Its `said()` has nothing.
    """
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment(variables),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
    )
    try:
        yield Program(f"http://127.0.0.1:{_wait_for_port(process)}", Path(os.devnull), process)
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_S_MAX)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def workers(program: Program) -> list[psutil.Process]:
    """Those of its workers that run."""
    found = []
    for one in psutil.Process(program.process.pid).children():
        with suppress(psutil.NoSuchProcess):
            if "serve" in one.cmdline():
                found.append(one)
    return found


def _wait_for_port(process: subprocess.Popen[bytes]) -> int:
    deadline = time.monotonic() + START_S_MAX
    seen = psutil.Process(process.pid)
    while True:
        for connection in seen.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN:
                return int(connection.laddr.port)
        assert process.poll() is None, "it ended before it listened"
        assert time.monotonic() < deadline, "it did not listen"
        time.sleep(0.02)


def _wait_for_url(process: subprocess.Popen[bytes], output: Path) -> str:
    deadline = time.monotonic() + START_S_MAX
    while not (found := URL.search(output.read_text(encoding="utf-8"))):
        assert process.poll() is None, output.read_text(encoding="utf-8")
        assert time.monotonic() < deadline, output.read_text(encoding="utf-8")
        time.sleep(0.02)
    return found[0]
