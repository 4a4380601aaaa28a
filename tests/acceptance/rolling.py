"""Callers of every sort, while the workers behind an address are killed and replaced."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx

from tests import serving
from tests.openai_stream import read_stream

CHAT = "/v1/chat/completions"
MODEL = "gpt-4o-mini"
# Of about half a second: some begin before a change and end after it.
STREAMED, TEXT_LENGTH = "/sim rate 80, bytes 160\nTell me.", 160

PAUSE_S = 0.03


@dataclass
class Load:
    """What callers saw: answers by the sort of caller; failures with when their requests began."""

    counts: Counter[str] = field(default_factory=Counter)
    failures: list[tuple[float, str]] = field(default_factory=list)


def body(text: str, *, is_stream: bool) -> bytes:
    """A chat request."""
    message = {"role": "user", "content": text}
    return json.dumps({"model": MODEL, "stream": is_stream, "messages": [message]}).encode()


@asynccontextmanager
async def load_on(port: int, key: str, caller_count: int) -> AsyncIterator[Load]:
    """So many callers of each sort ask again and again for as long as the context lasts."""
    load, is_over = Load(), asyncio.Event()
    headers = {"Authorization": f"Bearer {key}"}

    async def short() -> None:
        """On a connection of its own."""
        answer = await serving.ask(port, "POST", CHAT, headers=headers, body=hello)
        assert answer.status == 200, answer

    async def stream() -> None:
        answer = await serving.ask(port, "POST", CHAT, headers=headers, body=told)
        assert answer.status == 200, answer
        assert len(read_stream(answer.body).text) == TEXT_LENGTH

    async def kept() -> None:
        """On a connection that is used again and again."""
        answer = await client.post(CHAT, content=hello)
        assert answer.status_code == 200, answer.text

    async def ask_on(name: str, once: Callable[[], Awaitable[None]]) -> None:
        while not is_over.is_set():
            began_at = time.monotonic()
            try:
                await once()
            except (AssertionError, OSError, ValueError, httpx.HTTPError) as error:
                load.failures.append((began_at, f"{name}: {type(error).__name__}: {error}"[:300]))
            else:
                load.counts[name] += 1
            # Whoever starts has a part of the machine, too.
            await asyncio.sleep(PAUSE_S)

    hello, told = body("Hello!", is_stream=False), body(STREAMED, is_stream=True)
    url = f"http://127.0.0.1:{port}"
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=20) as client:
        sorts = {"short": short, "stream": stream, "kept": kept}
        callers = [
            asyncio.create_task(ask_on(name, once))
            for name, once in sorts.items()
            for _ in range(caller_count)
        ]
        try:
            yield load
        finally:
            is_over.set()
            await asyncio.gather(*callers)
