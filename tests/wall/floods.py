"""Strangers and single callers who take all that there is: everybody else is served."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

from cursor_api.options.said import Words
from tests.acceptance.flooding import GET, flooding
from tests.acceptance.in_process import KEY, MODEL, Gateway, gateway_before
from tests.acceptance.memory import Process
from tests.acceptance.programs import running
from tests.waiting import until
from tests.wall.machine import is_whole, simulated
from tests.wall.scenario import Cells, Report, Row, Special
from tests.wall.ways import RAW, Got

MEBIBYTE: Final = 1024 * 1024
# As `tests/acceptance/test_floods.py` has it, which floods for longer and looks closer.
GROWTH_BYTES_MAX: Final = 64 * MEBIBYTE
FLOOD_S: Final = 1.0
ANSWER_S_MAX: Final = 10.0
PIPELINING_COUNT: Final = 50
HEADS_COUNT: Final = 900

CLIENT_KEY: Final = "the-key-of-a-greedy-client"
# Four of five places are the most that one client's key may have.
PLACES_COUNT: Final = 10
CLIENT_PLACES_COUNT: Final = 8


async def _flood(count: int, data: bytes) -> Report:
    """A real process, flooded by strangers, asked by somebody with a key."""
    async with AsyncExitStack() as stack:
        simulator = await stack.enter_async_context(simulated())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        (folder / ".token").write_text("work::token-of-work\n", encoding="utf-8")
        variables = {"PORT": "0", "AUTH_TOKEN": KEY, "CURSOR_BASE_URL": simulator.url}
        command = [sys.executable, "-m", "cursor_api", "serve"]
        process = Process(stack.enter_context(running(command, folder, variables)))
        gateway = Gateway(process.program.port)
        # What is made once is no growth.
        got = await _ask(gateway)
        has_memory = sys.platform == "linux"
        before_bytes = process.forget() if has_memory else 0
        async with flooding(gateway.port, count, data, FLOOD_S):
            got += await _ask(gateway)
        got += await _ask(gateway)
        grown_bytes = process.memory_bytes("VmHWM") - before_bytes if has_memory else 0
    found = [f"the answer is {one.shape.value} {one.status}" for one in got if not is_whole(one)]
    if grown_bytes > GROWTH_BYTES_MAX:
        found.append(f"the process grew by {grown_bytes // MEBIBYTE} MiB")
    return _report(found)


async def _ask(gateway: Gateway) -> list[Got]:
    async with asyncio.timeout(ANSWER_S_MAX):
        return [await way.ask(gateway, {}) for way in RAW]


def _report(found: list[str]) -> Report:
    whole = Words("whole, meanwhile and afterwards", "期间和之后都完整")
    return Report(Cells(whole, whole, Words("work answered", "work 已回答")), tuple(found))


async def run_pipelining() -> Report:
    """Thousands of requests in a row on each connection, their answers unread."""
    return await _flood(PIPELINING_COUNT, (GET + b"\r\n") * 6000)


async def run_many_fields() -> Report:
    """Heads of thousands of fields that never end."""
    return await _flood(HEADS_COUNT, GET + b"a1:b\r\n" * 6000)


async def run_one_key() -> Report:
    """One client's key has all the streams that it can get, and all of them stall."""
    variables = {
        "CLIENT_TOKENS": CLIENT_KEY,
        "GATEWAY_STREAMS_MAX": str(PLACES_COUNT),
        "GATEWAY_REQUESTS_MAX": str(PLACES_COUNT),
    }
    client = {"Authorization": f"Bearer {CLIENT_KEY}"}
    stalling = [{"role": "user", "content": "/sim after 1 + stall 60"}]
    body = json.dumps({"model": MODEL, "stream": True, "messages": stalling}).encode()
    async with AsyncExitStack() as stack:
        simulator = await stack.enter_async_context(simulated())
        gateway = await stack.enter_async_context(
            gateway_before(simulator.url, environment=variables, tokens={"work": "token-of-work"})
        )
        streams = [
            asyncio.create_task(gateway.post(body, client)) for _ in range(CLIENT_PLACES_COUNT)
        ]
        try:
            await until(lambda: simulator.active_count == CLIENT_PLACES_COUNT)
            one_more = await gateway.post(body, client)
            got = await _ask(gateway)
        finally:
            for stream in streams:
                stream.cancel()
            await asyncio.gather(*streams, return_exceptions=True)
    found = [f"the answer is {one.shape.value} {one.status}" for one in got if not is_whole(one)]
    if one_more.status != 429:
        found.append(f"one more of the client's was answered with {one_more.status}")
    whole = Words("whole; the client is told 429", "完整；该客户端得到 429")
    return Report(Cells(whole, whole, Words("work answered", "work 已回答")), tuple(found))


ROWS: Final[tuple[Row, ...]] = (
    Special(
        key="pipelining",
        name=Words(
            f"{PIPELINING_COUNT} connections without a key, each with 6,000 requests at once and"
            " their answers unread",
            f"{PIPELINING_COUNT} 个没有密钥的连接，各自一次发送 6000 个请求而不读取回答",
        ),
        run=run_pipelining,
        deeper="tests/acceptance/test_floods.py",
    ),
    Special(
        key="many-fields",
        name=Words(
            f"{HEADS_COUNT} unfinished heads of 6,000 fields",
            f"{HEADS_COUNT} 个未完成的请求头，各有 6000 个字段",
        ),
        run=run_many_fields,
        deeper="tests/acceptance/test_floods.py",
    ),
    Special(
        key="one-key",
        name=Words(
            "one client's key takes every stream that it can get, and they stall",
            "一个客户端密钥占满它能得到的所有流，而且全部停滞",
        ),
        run=run_one_key,
        deeper="tests/acceptance/test_admission.py",
    ),
)
