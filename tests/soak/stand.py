"""The stand that the stages work on: a gateway and a simulator as programs of their own.

Both are the installed command with real sockets and real files. What is measured is the gateway's
process, from outside.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import psutil

from cursor_api.web.server.server import HAS_UVLOOP
from tests.acceptance.programs import Program, running
from tests.serving import ask

KEY = "a-key-for-soak-tests"
BEARER = {"Authorization": f"Bearer {KEY}"}
COMMAND = [sys.executable, "-m", "cursor_api"]
SERVE = (*COMMAND, "serve")
# The same, and it tells what only the process itself can see.
SERVE_INSIDE = (sys.executable, "-m", "tests.soak.inside", "serve")
ROOT = Path(__file__).parents[2]
MEBIBYTE = 1024 * 1024
LOOK_FILE, LOOK_NAME = "SOAK_LOOK_FILE", "inside.json"
# Often enough to see a peak of memory, seldom enough to cost nothing.
LOOK_S = 0.05
# What a connection, a task or a freed page may take to be given back.
SETTLE_S_MAX = 20.0

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class GatewayProcess:
    """A running gateway and what can be seen of its process."""

    program: Program
    folder: Path
    process: psutil.Process

    @property
    def port(self) -> int:
        """Where it listens."""
        return self.program.port

    def rss_bytes(self) -> int:
        """Its resident memory now."""
        return int(self.process.memory_info().rss)

    def descriptor_count(self) -> int:
        """Its open files and sockets now."""
        return int(self.process.num_fds())

    async def inside(self) -> dict[str, int]:
        """What `inside.py` counts; only of one that was started as SERVE_INSIDE."""
        target = self.folder / LOOK_NAME
        target.unlink(missing_ok=True)
        self.process.send_signal(signal.SIGUSR1)
        async with asyncio.timeout(SETTLE_S_MAX):
            while not target.exists():
                await asyncio.sleep(LOOK_S)
        seen: dict[str, int] = json.loads(target.read_text(encoding="utf-8"))
        return seen

    async def inside_settled(self, tasks: int) -> dict[str, int]:
        """The same once it has no more tasks than these, or after a while all the same.

        It asks its upstreams now and then which models they have, which is a task for a moment.
        """
        seen = await self.inside()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SETTLE_S_MAX):
                while seen["tasks"] > tasks:
                    await asyncio.sleep(LOOK_S)
                    seen = await self.inside()
        return seen

    def error_count(self) -> int:
        """Lines of its log that are errors: what it failed at itself."""
        said = self.program.said()
        return said.count('"level": "error"') + said.count("\nTraceback")

    def is_alive(self) -> bool:
        """Whether it runs."""
        return self.program.process.poll() is None

    async def active_count(self) -> int:
        """Requests under way, as it says itself."""
        answer = await ask(self.port, "GET", "/")
        return int(answer.json()["stats"]["activeRequests"])

    async def leased_count(self) -> int:
        """Credentials' leases that are not settled, as it says itself."""
        answer = await ask(self.port, "GET", "/api/credentials", headers=BEARER)
        return sum(one["active_count"] for one in answer.json()["credentials"])

    async def settled(self) -> tuple[int, int]:
        """What is still active and leased once it has come to rest; (0, 0) when nothing leaks."""
        seen = (-1, -1)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SETTLE_S_MAX):
                while (seen := (await self.active_count(), await self.leased_count())) != (0, 0):
                    await asyncio.sleep(LOOK_S)
        return seen

    async def descriptors_settled(self, expected: int) -> int:
        """Open descriptors once there are no more than expected, or after a while all the same."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SETTLE_S_MAX):
                while self.descriptor_count() > expected:
                    await asyncio.sleep(LOOK_S)
        return self.descriptor_count()

    async def logs(self) -> list[dict[str, Any]]:
        """The last hundred requests, in detail."""
        answer = await ask(self.port, "GET", "/logs", headers=BEARER)
        found: list[dict[str, Any]] = answer.json()["logs"]
        return found


@contextmanager
def gateway(
    upstream_url: str,
    variables: Mapping[str, str] | None = None,
    tokens: Sequence[str] = ("work::token-of-work",),
    command: Sequence[str] = SERVE,
) -> Iterator[GatewayProcess]:
    """`cursor-api serve` with these lines in its token file, ended when the context ends."""
    with tempfile.TemporaryDirectory(prefix="soak-") as name:
        folder = Path(name)
        (folder / ".token").write_text("".join(f"{line}\n" for line in tokens), encoding="utf-8")
        with started(folder, upstream_url, variables, command) as process:
            yield process


@contextmanager
def started(
    folder: Path,
    upstream_url: str,
    variables: Mapping[str, str] | None = None,
    command: Sequence[str] = SERVE,
) -> Iterator[GatewayProcess]:
    """The same in a folder that has its files already."""
    environ = {
        "PORT": "0",
        "AUTH_TOKEN": KEY,
        "CURSOR_BASE_URL": upstream_url,
        "GATEWAY_LOG_LEVEL": "error",
        "PYTHONPATH": str(ROOT),
        LOOK_FILE: str(folder / LOOK_NAME),
    }
    with running(list(command), folder, environ | dict(variables or {})) as program:
        yield GatewayProcess(program, folder, psutil.Process(program.process.pid))


@contextmanager
def simulator(kind: str = "cursor") -> Iterator[str]:
    """`cursor-api simulate` as a program of its own; gives its address."""
    with (
        tempfile.TemporaryDirectory(prefix="soak-") as name,
        running([*COMMAND, "simulate", "--kind", kind, "--port", "0"], Path(name)) as program,
    ):
        yield program.url


@contextmanager
def recorded_simulator() -> Iterator[str]:
    """The same answers, made once each and played from memory; see `recorded.py`."""
    command = [sys.executable, "-m", "tests.soak.recorded"]
    with (
        tempfile.TemporaryDirectory(prefix="soak-") as name,
        running(command, Path(name), {"PYTHONPATH": str(ROOT)}) as program,
    ):
        yield program.url


class Peak:
    """The most memory that a process had while it was looked at, and the first it had."""

    def __init__(self, process: GatewayProcess) -> None:
        self._process = process
        self.first_bytes = self.highest_bytes = process.rss_bytes()

    @property
    def growth_bytes(self) -> int:
        """How far it rose."""
        return self.highest_bytes - self.first_bytes

    def look(self) -> int:
        """Look once; the resident bytes."""
        seen = self._process.rss_bytes()
        self.highest_bytes = max(self.highest_bytes, seen)
        return seen


@contextlib.asynccontextmanager
async def watching(process: GatewayProcess) -> AsyncIterator[Peak]:
    """Look at the process's memory all the time."""
    peak = Peak(process)

    async def watch() -> None:
        while process.is_alive():
            peak.look()
            await asyncio.sleep(LOOK_S)

    task = asyncio.create_task(watch())
    try:
        yield peak
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def run_fast(work: Coroutine[Any, Any, Result]) -> Result:
    """Run on uvloop where there is one: the load should not be what limits the figures."""
    factory = None
    if HAS_UVLOOP:
        import uvloop  # noqa: PLC0415 - not installed everywhere (Windows)

        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(work)


def chat(question: str, *, is_stream: bool, **more: Any) -> bytes:
    """The body of a chat request with one message."""
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": question}]}
    return json.dumps(body | {"stream": is_stream} | more).encode()
