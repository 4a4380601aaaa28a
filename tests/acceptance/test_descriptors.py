"""A process that has no file descriptor left goes on with what it has, and says the truth."""

from __future__ import annotations

import asyncio
import contextlib
import json
import resource
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path

import psutil
import pytest

from cursor_api.web.server.descriptors import RESERVED_COUNT
from cursor_api.web.server.limits import REFUSED_MAX
from tests.acceptance.background import Upstream, upstream
from tests.acceptance.draining import begun
from tests.acceptance.programs import Program, running
from tests.openai_stream import read_stream
from tests.serving import Answer, ask
from tests.waiting import until

KEY = "a-key-for-tests-of-descriptors"
HEADERS = {"Authorization": f"Bearer {KEY}"}
SERVE = [sys.executable, "-m", "cursor_api", "serve"]
CALLERS_MAX = 20
LIMIT = RESERVED_COUNT + 2 * CALLERS_MAX
STREAM_COUNT = 4
# Two seconds and a half.
SLOW = "/sim rate 40, bytes 400\nHello!"
SOON_S = 10.0

pytestmark = pytest.mark.skipif(
    not hasattr(resource, "prlimit"), reason="Linux can change another process's limits"
)


@pytest.fixture(scope="module")
def simulator() -> Iterator[Upstream]:
    """One for all."""
    with upstream() as started:
        yield started


@contextmanager
def gateway(folder: Path, simulator: Upstream, limit: int = LIMIT) -> Iterator[Program]:
    """A gateway that may have so many descriptors."""
    (folder / ".token").write_text("work::token-of-work\n")
    variables = {"PORT": "0", "AUTH_TOKEN": KEY, "CURSOR_BASE_URL": simulator.url}
    command = ["/bin/sh", "-c", f'ulimit -n {limit}; exec "$@"', "sh", *SERVE]
    with running(command, folder, variables) as program:
        yield program


def chat(program: Program, text: str, *, is_stream: bool) -> asyncio.Task[Answer]:
    """One request, under way."""
    message = {"role": "user", "content": text}
    body = json.dumps({"model": "gpt-4o-mini", "stream": is_stream, "messages": [message]})
    path = "/v1/chat/completions"
    return asyncio.create_task(ask(program.port, "POST", path, headers=HEADERS, body=body.encode()))


async def alive_again(program: Program) -> None:
    """Return once `/livez` answers."""

    async def is_so() -> bool:
        try:
            return (await ask(program.port, "GET", "/livez")).status == 200
        except (OSError, ValueError, IndexError):
            # Not accepted, or refused.
            return False

    await until(is_so)


async def turned_away(program: Program) -> Answer:
    """A refusal that says so; of a crowd's last ones the connections just end."""
    answers: list[Answer] = []

    async def is_so() -> bool:
        with contextlib.suppress(OSError, ValueError, IndexError):
            answers.append(await ask(program.port, "GET", "/livez"))
        return bool(answers)

    await until(is_so)
    assert answers[0].status == 503
    return answers[0]


@asynccontextmanager
async def streaming(program: Program) -> AsyncIterator[list[asyncio.Task[Answer]]]:
    """Streams that began before, and have to end whole after."""
    streams = [chat(program, SLOW, is_stream=True) for _ in range(STREAM_COUNT)]
    await begun(program, STREAM_COUNT)
    yield streams
    for answer in await asyncio.gather(*streams):
        seen = read_stream(answer.body)
        assert (seen.is_done, seen.error, len(seen.text)) == (True, None, 400)


@contextmanager
def crowd(port: int, count: int) -> Iterator[None]:
    """Connections that ask nothing."""
    with ExitStack() as stack:
        for _ in range(count):
            one = stack.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
        yield


async def busy_share(process: psutil.Process, seconds: float) -> float:
    """How much of one core a process takes."""
    before = sum(process.cpu_times()[:2])
    await asyncio.sleep(seconds)
    return (sum(process.cpu_times()[:2]) - before) / seconds


async def test_more_connections_than_descriptors(tmp_path: Path, simulator: Upstream) -> None:
    """Callers get their share; the rest is told to come again, and nothing else suffers."""
    with gateway(tmp_path, simulator) as program:
        process = psutil.Process(program.process.pid)
        async with streaming(program) as streams:
            with crowd(program.port, 3 * LIMIT):
                await asyncio.sleep(0.2)
                assert process.num_fds() <= CALLERS_MAX + REFUSED_MAX + RESERVED_COUNT
                assert (await turned_away(program)).headers["retry-after"] == "1"
                assert not any(one.done() for one in streams)
                assert await busy_share(process, 0.5) < 0.5
            await alive_again(program)
        assert (await chat(program, "Hello!", is_stream=False)).status == 200
        assert "Traceback" not in program.said()
        assert program.stop() == 0


async def test_not_one_descriptor_more(tmp_path: Path, simulator: Upstream) -> None:
    """The system gives less than it had promised: connections wait, and nobody spins for them."""
    with gateway(tmp_path, simulator) as program:
        process = psutil.Process(program.process.pid)
        async with streaming(program) as streams:
            limit(program, process.num_fds())
            with crowd(program.port, 20):
                assert await busy_share(process, 1.0) < 0.5
                assert not any(one.done() for one in streams)
                assert len(program.said()) < 50_000, "a line for each try is too many"
            limit(program, LIMIT)
            await alive_again(program)
        assert program.stop() == 0


async def test_none_for_the_upstream(tmp_path: Path, simulator: Upstream) -> None:
    """It is our side that is at its end: nobody is blamed, and it passes."""
    with gateway(tmp_path, simulator) as program:
        await alive_again(program)
        await asyncio.sleep(0.2)
        process = psutil.Process(program.process.pid)
        # One for the caller, none for the upstream.
        limit(program, process.num_fds() + 1)
        for _ in range(8):
            answer = await chat(program, "Hello!", is_stream=False)
            assert (answer.status, answer.headers["retry-after"]) == (503, "1")
            error = answer.json()["error"]
            assert (error["code"], error["type"]) == ("overloaded", "server_error")
            assert "ulimit -n" in error["message"]
        limit(program, LIMIT)
        assert (await chat(program, "Hello!", is_stream=False)).status == 200
        found = await ask(program.port, "GET", "/api/credentials", headers=HEADERS)
        [credential] = found.json()["credentials"]
        assert (credential["state"], credential["failure_count"]) == ("healthy", 0)
        assert program.said().count("requests fail for want of means") == 1
        assert program.stop() == 0


def limit(program: Program, count: int) -> None:
    """Change how many descriptors the process may have."""
    hard = resource.prlimit(program.process.pid, resource.RLIMIT_NOFILE)[1]
    resource.prlimit(program.process.pid, resource.RLIMIT_NOFILE, (count, hard))
