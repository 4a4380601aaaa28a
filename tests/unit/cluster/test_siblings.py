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
from cursor_api.cluster.siblings import meet_siblings

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="workers are for Linux")


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where they meet; nothing is left that would be asked in vain."""
    with private_folder() as made:
        yield made
        assert not list(made.glob("*-*"))


@asynccontextmanager
async def answering(
    folder: Path, number: int, answer: bytes, count: int = 2, node: str = "node"
) -> Any:
    """A worker that answers so: what it was asked, and how it asks."""
    heads: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer)
        writer.close()

    with meet_siblings(folder, number, count, node) as (listener, siblings):
        async with await asyncio.start_unix_server(serve, sock=listener):
            yield heads, siblings


class Heard(asyncio.Protocol):
    """Asks one thing, and hears the answer to its end."""

    def connection_made(self, transport: Any) -> None:
        """Ask."""
        self.data = b""
        self.whole = asyncio.get_running_loop().create_future()
        transport.write(b"x\r\n\r\n")

    def data_received(self, data: bytes) -> None:
        """A piece."""
        self.data += data

    def connection_lost(self, _error: Exception | None) -> None:
        """The end."""
        self.whole.set_result(self.data)


async def test_each_of_the_others_is_asked(folder: Path) -> None:
    """Who is not there, refuses, breaks off or says nonsense is left out; nobody asks itself."""
    async with (
        answering(folder, 1, b"HTTP/1.1 200 OK\r\n\r\nfirst") as (heads, _),
        answering(folder, 2, b"HTTP/1.1 200 OK\r\n\r\nown", 7) as (_, asked),
        answering(folder, 3, b"HTTP/1.1 404 Not Found\r\n\r\nno"),
        answering(folder, 4, b""),
        answering(folder, 5, b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut"),
        answering(folder, 6, b"no HTTP"),
    ):
        assert await asked.ask("/metrics", "text/plain") == {1: b"first"}
        [head] = heads
        assert head.startswith(b"GET /metrics HTTP/1.1\r\n")
        assert b"Accept: text/plain\r\n" in head


async def test_the_one_that_follows_takes_the_place(folder: Path) -> None:
    """The old one still runs, for its clients; it is asked only for what each process has."""
    async with (
        answering(folder, 1, b"HTTP/1.1 200 OK\r\n\r\nold", node="aa") as (_, old),
        answering(folder, 1, b"HTTP/1.1 200 OK\r\n\r\nnew", node="bb"),
        answering(folder, 2, b"HTTP/1.1 200 OK\r\n\r\nown") as (_, asked),
    ):
        assert await asked.ask("/now") == {1: b"new"}
        assert sorted(await asked.ask_all("/now")) == [b"new", b"old"]
        assert sorted(await old.ask_all("/now")) == [b"new", b"own"]


async def test_a_process_is_reached_by_its_nodes_name(folder: Path) -> None:
    """As long as it is there, replaced or not; nobody reaches itself, or one that was killed."""
    (folder / "1-dd.sock").touch()
    async with (
        answering(folder, 1, b"old", node="aa"),
        answering(folder, 1, b"new", node="bb"),
        answering(folder, 2, b"own", node="cc") as (_, asked),
    ):
        for node, answer in (("aa", b"old"), ("bb", b"new")):
            heard = await asked.connect(node, Heard)
            assert await heard.whole == answer
        for node in ("cc", "dd", "ee"):
            assert await asked.connect(node, Heard) is None
    (folder / "1-dd.sock").unlink()


async def test_nobody_waits_for_one_that_hangs(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A scrape has an end, too."""
    monkeypatch.setattr(module, "ANSWER_S", 0.01)
    async with answering(folder, 2, b"") as (_, asked):
        with meet_siblings(folder, 1, 2, "node"):
            assert await asked.ask("/metrics") == {}
            assert await asked.ask_all("/now") == []


async def test_an_endless_answer_is_not_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a worker says, this one has a bound."""
    monkeypatch.setattr(module, "ANSWER_BYTES_MAX", 4)
    async with (
        answering(folder, 1, b"HTTP/1.1 200 OK\r\n\r\nfirst"),
        answering(folder, 2, b"") as (_, asked),
    ):
        assert await asked.ask("/metrics") == {}
