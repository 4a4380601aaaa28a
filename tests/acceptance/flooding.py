"""Many strangers who send much and read nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

FLOOD_S = 3.0
GET = b"GET /v1/models HTTP/1.1\r\nHost: x\r\n"


@asynccontextmanager
async def flooding(
    port: int, count: int, data: bytes, flood_s: float = FLOOD_S
) -> AsyncIterator[None]:
    """So many clients at a time send this for a while, and stay until the context ends."""
    writers: list[asyncio.StreamWriter] = []

    async def flood() -> None:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
            writers.append(writer)
            writer.write(data)
            await writer.drain()
        except OSError:
            pass

    tasks = [asyncio.create_task(flood()) for _ in range(count)]
    await asyncio.wait(tasks, timeout=flood_s)
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for writer in writers:
            writer.transport.abort()
