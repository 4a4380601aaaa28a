"""Floods from strangers and from the upstream: the process stays small and serves on.

Measured on the running program with both parsers: the most memory that it had meanwhile, and what
it has when the flood has gone, against what it had before.
"""

from __future__ import annotations

import asyncio
import functools
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cursor_api.wire.connect import encode_end_stream, encode_envelope, encode_gzip_envelope
from cursor_api.wire.protobuf import field_bytes, field_string
from tests.acceptance.background import LoopThread
from tests.acceptance.flooding import GET, flooding
from tests.acceptance.memory import KEY, Process
from tests.acceptance.programs import running
from tests.scripted_server import ScriptedServer, Turn
from tests.serving import ask
from tests.waiting import wait_until

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux tells and forgets a process's highest memory"
)
MEBIBYTE = 1024 * 1024
GROWTH_BYTES_MAX = 64 * MEBIBYTE
# What large frames that come at once may take, as promised.
FRAMES_BYTES_MAX = 32 * MEBIBYTE
# What the allocator keeps of it for the next time.
LEFT_BYTES_MAX = 56 * MEBIBYTE
# What the gateway may do before it serves somebody else, in CPU time: a busy machine is no defect.
STRANGERS_CPU_S_MAX = 2.0
UPSTREAM_CPU_S_MAX = 1.0
# Where nothing moves.
PATIENCE_S = 40.0
# Connections, and what each of them sends without reading.
FLOODS = {
    "pipelined requests": (50, (GET + b"\r\n") * 6000),
    "large pipelined requests": (
        400,
        (GET + b"\r\n") * 40 + (GET + b"A: %b\r\n\r\n" % bytes(15_000).replace(b"\0", b"a")) * 16,
    ),
    "unfinished heads of many fields": (900, GET + b"a1:b\r\n" * 6000),
    "unfinished large heads": (900, GET + b"A: " + b"a" * 64_000),
    "heads above the limit": (400, GET + b"A: " + b"a" * 70_000 + b"\r\n\r\n"),
}


async def look_in(process: Process) -> float:
    """Somebody else asks, and is answered; gives the gateway's CPU seconds meanwhile."""
    began_s = process.cpu_s()
    asking = ask(process.program.port, "GET", "/v1/models")
    assert (await asyncio.wait_for(asking, PATIENCE_S)).status == 200
    return process.cpu_s() - began_s


async def meet(process: Process, count: int, data: bytes) -> float:
    """What somebody else waits for in the flood, in the gateway's CPU seconds."""
    async with flooding(process.program.port, count, data):
        return await look_in(process)


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """A gateway without an upstream."""
    folder = tmp_path_factory.mktemp("floods")
    (folder / ".token").write_text("work::token-of-work\n", encoding="utf-8")
    variables = {"AUTH_TOKEN": KEY, "PORT": "0", "CURSOR_BASE_URL": "http://127.0.0.1:1"}
    command = [sys.executable, "-m", "cursor_api", "serve"]
    with running(command, folder, variables) as program:
        it = Process(program)
        # What is made once: a first flood's buffers, the parser's and the loop's.
        asyncio.run(meet(it, 50, GET + b"\r\n"))
        yield it


@pytest.mark.parametrize("flood", FLOODS)
def test_strangers_take_little_memory_and_give_it_back(process: Process, flood: str) -> None:
    """None of them has a key, and none reads; whoever comes meanwhile is served."""
    before_bytes = process.forget()
    cpu_s = asyncio.run(meet(process, *FLOODS[flood]))
    assert process.memory_bytes("VmHWM") - before_bytes <= GROWTH_BYTES_MAX
    assert cpu_s < STRANGERS_CPU_S_MAX
    wait_until(lambda: process.memory_bytes("VmRSS") - before_bytes <= LEFT_BYTES_MAX, PATIENCE_S)
    began_bytes = process.memory_bytes("VmRSS")
    asyncio.run(meet(process, *FLOODS[flood]))
    assert process.memory_bytes("VmRSS") - began_bytes <= LEFT_BYTES_MAX / 2, "a second one adds up"


@functools.cache
def field(number: int, size_bytes: int) -> bytes:
    """A gzipped frame with one field of so many blanks."""
    words = " " * size_bytes
    return encode_gzip_envelope(
        field_string(1, words) if number == 1 else field_bytes(number, words.encode())
    )


TEXT = encode_envelope(field_string(1, "Hello"))
END = encode_end_stream()


async def flood_interim(turn: Turn) -> None:
    """Interim answers without an end, a thousand in a packet."""
    while True:
        await turn.write(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)


async def flood_empty(turn: Turn) -> None:
    """Empty frames without an end, behind a first word."""
    await turn.head()
    await turn.chunk(TEXT)
    while True:
        await turn.chunk(encode_envelope(b"") * 4096)


async def send_echoes(turn: Turn) -> None:
    """One large frame that says nothing, and a word."""
    await turn.head()
    await turn.chunk(field(15, 11 * MEBIBYTE) + TEXT + END)
    await turn.end()


async def send_texts(turn: Turn) -> None:
    """Thirty large texts."""
    await turn.head()
    for _ in range(30):
        await turn.chunk(field(1, 11 * MEBIBYTE))
    await turn.end()


# What the upstream does, to how many requests at once, how their answers begin, and how long one
# may be.
UPSTREAM_FLOODS = {
    "interim answers": (flood_interim, 4, 502, "16MiB"),
    "empty frames": (flood_empty, 2, 200, "4MiB"),
    "large echoes at once": (send_echoes, 30, 200, "16MiB"),
    "large texts": (send_texts, 10, 502, "16MiB"),
}


@pytest.mark.timeout(180)
@pytest.mark.parametrize("kind", UPSTREAM_FLOODS)
def test_the_upstream_takes_little_memory_and_nobody_elses_time(tmp_path: Path, kind: str) -> None:
    """Its answer ends, in an error where it is none."""
    misbehave, count, status, size_max = UPSTREAM_FLOODS[kind]
    most_bytes = FRAMES_BYTES_MAX if kind == "large echoes at once" else GROWTH_BYTES_MAX
    (tmp_path / ".token").write_text("work::token-of-work\n", encoding="utf-8")
    message = {"role": "user", "content": "Hello"}
    body = json.dumps({"model": "gpt-4o-128k", "stream": True, "messages": [message]}).encode()

    async def meet_all(process: Process) -> tuple[list[int], float]:
        port, headers = process.program.port, {"Authorization": f"Bearer {KEY}"}
        asking = [
            asyncio.create_task(
                ask(port, "POST", "/v1/chat/completions", headers=headers, body=body)
            )
            for _ in range(count)
        ]
        await asyncio.sleep(0.2)
        cpu_s = await look_in(process)
        answers = await asyncio.wait_for(asyncio.gather(*asking), 60)
        return [answer.status for answer in answers], cpu_s

    variables = {"AUTH_TOKEN": KEY, "PORT": "0", "CURSOR_ANSWER_BYTES_MAX": size_max}
    variables |= {"GATEWAY_BREAKER_FAILURES": "0", "GATEWAY_ATTEMPTS_MAX": "1"}
    # On a busy machine an answer's first word may come so late that it begins without.
    variables["GATEWAY_KEEP_ALIVE_S"] = "120"
    with LoopThread() as loop:
        far = loop.open(ScriptedServer(misbehave))
        variables["CURSOR_BASE_URL"] = far.url
        command = [sys.executable, "-m", "cursor_api", "serve"]
        with running(command, tmp_path, variables) as program:
            process = Process(program)
            assert asyncio.run(ask(program.port, "GET", "/v1/models")).status == 200
            before_bytes = process.forget()
            statuses, cpu_s = asyncio.run(meet_all(process))
            assert statuses == [status] * count
            assert cpu_s < UPSTREAM_CPU_S_MAX
            assert process.memory_bytes("VmHWM") - before_bytes <= most_bytes
