"""A log that cannot be written, or that nobody reads, is no reason not to answer."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cursor_api.simulator.options import SimulatorOptions
from tests.acceptance.background import Upstream, upstream
from tests.acceptance.programs import Program, speaking_to
from tests.openai_stream import read_stream
from tests.serving import Answer, ask

KEY = "a-key-for-tests-of-output"
SERVE = [sys.executable, "-m", "cursor_api", "serve"]
# A pipe that is full after some fifty lines of 300 bytes.
PIPE_BYTES = 16_384
FAILURE_COUNT = 100
AT_ONCE = 20


@pytest.fixture(scope="module")
def simulator() -> Iterator[Upstream]:
    """One for all."""
    with upstream(SimulatorOptions()) as started:
        yield started


@pytest.fixture
def variables(tmp_path: Path, simulator: Upstream) -> dict[str, str]:
    """A gateway with one credential in the folder, that logs a line for each failure."""
    (tmp_path / ".token").write_text("work::token-of-work\n")
    return {
        "PORT": "0",
        "AUTH_TOKEN": KEY,
        "CURSOR_BASE_URL": simulator.url,
        "GATEWAY_BREAKER_FAILURES": "0",
        "GATEWAY_RETRY_PERCENT": "0",
    }


async def chat(program: Program, text: str, *, is_stream: bool = False) -> Answer:
    """One chat request."""
    message = {"role": "user", "content": text}
    body = {"model": "gpt-4o-mini", "stream": is_stream, "messages": [message]}
    headers = {"Authorization": f"Bearer {KEY}"}
    path = "/v1/chat/completions"
    return await ask(program.port, "POST", path, headers=headers, body=json.dumps(body).encode())


async def check(program: Program) -> None:
    """It is ready, it answers, streams, and tells a failure, which is a line in its log."""
    assert (await ask(program.port, "GET", "/readyz")).status == 200
    assert (await chat(program, "Hello!")).status == 200
    assert read_stream((await chat(program, "Hello!", is_stream=True)).body).is_done
    assert (await chat(program, "/sim reserved\nHello!")).status == 502
    assert (await chat(program, "Hello!")).status == 200


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has a device that is always full")
async def test_a_full_disk_under_the_log(tmp_path: Path, variables: dict[str, str]) -> None:
    """From the first word to the last, exit status included."""
    full = os.open("/dev/full", os.O_WRONLY)
    with speaking_to(full, SERVE, tmp_path, variables) as program:
        os.close(full)
        await check(program)
        assert program.stop() == 0


async def test_a_reader_that_is_gone(tmp_path: Path, variables: dict[str, str]) -> None:
    """`cursor-api serve | head -1` goes on serving."""
    reader, writer = os.pipe()
    with speaking_to(writer, SERVE, tmp_path, variables) as program:
        os.close(writer)
        os.close(reader)
        await check(program)
        assert program.stop() == 0


@pytest.mark.skipif(not hasattr(fcntl, "F_SETPIPE_SZ"), reason="Linux can make a pipe small")
async def test_a_reader_that_has_stopped(tmp_path: Path, variables: dict[str, str]) -> None:
    """`cursor-api serve | less`: the pipe fills, and streams go on; it is told what was lost."""
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    with speaking_to(writer, SERVE, tmp_path, variables) as program:
        os.close(writer)
        turns = asyncio.Semaphore(AT_ONCE)

        async def fail() -> int:
            async with turns:
                return (await chat(program, "/sim reserved\nHello!")).status

        failures = [asyncio.create_task(fail()) for _ in range(FAILURE_COUNT)]
        slow = await chat(program, "/sim rate 80, bytes 160\nHello!", is_stream=True)
        assert read_stream(slow.body).is_done
        assert set(await asyncio.gather(*failures)) == {502}
        await check(program)
        os.set_blocking(reader, False)
        seen = os.read(reader, 1 << 20)
        assert PIPE_BYTES / 2 < len(seen) <= PIPE_BYTES
        # Now that there is room again, the next line says what is missing.
        await check(program)
        assert b"log lines could not be written and are lost" in os.read(reader, 1 << 20)
        assert program.stop() == 0
    os.close(reader)


async def test_closed_outputs(tmp_path: Path, variables: dict[str, str]) -> None:
    """Their numbers go to no socket, which would get our words."""
    command = ["/bin/sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", *SERVE]
    with speaking_to(subprocess.DEVNULL, command, tmp_path, variables) as program:
        await check(program)
        assert program.stop() == 0
