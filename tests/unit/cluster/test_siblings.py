"""Workers that ask each other, over real sockets."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from cursor_api.cluster import siblings as module
from cursor_api.cluster.folder import private_folder
from cursor_api.cluster.siblings import SocketSiblings, listen_for_siblings

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="workers are for Linux")


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where they meet."""
    with private_folder() as made:
        yield made


@asynccontextmanager
async def answering(folder: Path, number: int, answer: bytes) -> Any:
    """A worker that answers so."""
    heads: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer)
        writer.close()

    server = await asyncio.start_unix_server(serve, sock=listen_for_siblings(folder, number))
    async with server:
        yield heads


async def test_each_of_the_others_is_asked(folder: Path) -> None:
    """Who is not there, refuses or breaks off is left out; nobody asks itself."""
    async with (
        answering(folder, 1, b"HTTP/1.1 200 OK\r\n\r\nfirst") as heads,
        answering(folder, 2, b"HTTP/1.1 200 OK\r\n\r\nown"),
        answering(folder, 3, b"HTTP/1.1 404 Not Found\r\n\r\nno"),
        answering(folder, 4, b""),
    ):
        asked = SocketSiblings(folder, 2, 5)
        assert await asked.ask("/metrics", "text/plain") == {1: b"first"}
        [head] = heads
        assert head.startswith(b"GET /metrics HTTP/1.0\r\n")
        assert b"Accept: text/plain\r\n" in head


async def test_the_one_that_follows_takes_the_place(folder: Path) -> None:
    """The old one still runs, for its clients; it is not asked any more."""
    old = listen_for_siblings(folder, 1)
    async with answering(folder, 1, b"HTTP/1.1 200 OK\r\n\r\nnew"):
        assert await SocketSiblings(folder, 2, 2).ask("/now") == {1: b"new"}
    old.close()


async def test_nobody_waits_for_one_that_hangs(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A scrape has an end, too."""
    monkeypatch.setattr(module, "ANSWER_S", 0.01)
    with listen_for_siblings(folder, 1):
        assert await SocketSiblings(folder, 2, 2).ask("/metrics") == {}


async def test_an_endless_answer_is_not_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a worker says, this one has a bound."""
    monkeypatch.setattr(module, "ANSWER_BYTES_MAX", 10)
    async with answering(folder, 1, b"HTTP/1.1 200 OK\r\n\r\nfirst"):
        assert await SocketSiblings(folder, 2, 2).ask("/metrics") == {}
