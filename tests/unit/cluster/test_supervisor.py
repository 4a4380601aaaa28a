"""The supervisor over real processes: small programs in place of gateways."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from cursor_api.cluster import supervisor as module
from cursor_api.cluster.supervisor import Plan, Supervisor, describe_end
from tests.fakes import ListObserver
from tests.waiting import until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="workers are for Linux")

# It writes what happens to it into a file of its own, and a peer that connects is told who it is.
WORKER = """
import json, os, signal, socket, sys
place = json.loads(os.environ["_CURSOR_API_WORKER"])
folder = sys.argv[1]
def note(what):
    with open(f"{folder}/{place['number']}", "a") as file:
        file.write(f"{what} {os.getpid()}\\n")
if os.path.exists(f"{folder}/refuse"):
    sys.exit(3)
stops = []
def stop(*_):
    note("stop")
    stops.append(1)
    if len(stops) == 2 or not os.path.exists(f"{folder}/long"):
        os._exit(0)
signal.signal(signal.SIGTERM, stop)
signal.signal(signal.SIGHUP, lambda *_: note("reload"))
def retire(*_):
    note("retire")
    if not os.path.exists(f"{folder}/long"):
        os._exit(0)
signal.signal(signal.SIGUSR2, retire)
def speak(*_):
    os.write(place["ready"], b"1")
    signal.setitimer(signal.ITIMER_REAL, 0.02)
signal.signal(signal.SIGALRM, speak)
note("start")
speak()
listener = socket.socket(fileno=place["listener"])
while True:
    peer, _ = listener.accept()
    peer.sendall(str(os.getpid()).encode())
    peer.close()
"""


class Stage:
    """A supervisor with workers, and what they have noted."""

    def __init__(self, folder: Path, listeners: list[socket.socket]) -> None:
        self.folder = folder
        self.observer = ListObserver()
        self.listeners = listeners
        command = [sys.executable, "-S", "-E", "-c", WORKER, str(folder)]
        self.supervisor = Supervisor(
            Plan(command, dict(os.environ), listeners, folder), self.observer
        )

    def noted(self, number: int) -> list[str]:
        """What happened to this worker and its followers."""
        path = self.folder / str(number)
        return [line.split()[0] for line in path.read_text().splitlines()] if path.exists() else []

    def pids(self, number: int) -> list[int]:
        """Of this worker and its followers."""
        lines = (self.folder / str(number)).read_text().splitlines()
        return [int(line.split()[1]) for line in lines if line.startswith("start")]

    async def until(self, number: int, *wanted: str) -> None:
        """Wait until exactly this has happened to it."""
        await until(lambda: self.noted(number) == list(wanted))

    async def until_told(self, event: str) -> None:
        """Wait until the operator has been told."""
        await until(lambda: event in [name for name, _ in self.observer.events])

    async def ask(self, number: int) -> int:
        """Who answers at this worker's socket."""
        reader, writer = await asyncio.open_connection(*self.listeners[number - 1].getsockname())
        try:
            return int(await reader.read())
        finally:
            writer.close()


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """Two workers that wait to be started, each at a port of its own: a test knows whom it asks."""
    monkeypatch.setattr(module, "DELAY_S", 0.01)
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    yield Stage(tmp_path, listeners)
    for one in listeners:
        one.close()


@asynccontextmanager
async def supervised(stage: Stage) -> AsyncIterator[asyncio.Task[int]]:
    """They run, until the block ends at the latest."""
    running = asyncio.create_task(stage.supervisor.run())
    await stage.until_told("all workers serve")
    try:
        yield running
    finally:
        if not running.done():
            for _ in range(2):
                os.kill(os.getpid(), signal.SIGTERM)
                await asyncio.sleep(0.01)
            await running


async def test_a_worker_that_dies_is_followed_by_another_at_its_socket(stage: Stage) -> None:
    """Whoever connects meanwhile waits in the queue, and is answered by the next one."""
    async with supervised(stage):
        first = await stage.ask(1)
        os.kill(first, signal.SIGKILL)
        await stage.until_told("a worker has ended and is started again")
        second = await stage.ask(1)
        assert second != first
        assert stage.noted(2) == ["start"]
    events = dict(stage.observer.events)
    assert events["a worker has ended and is started again"]["ended_by"] == "SIGKILL"


async def test_a_worker_that_hangs_is_killed_and_followed_by_another(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has come to its socket is answered; one that speaks is left alone."""
    monkeypatch.setattr(module, "LISTEN_S", 0.25)
    async with supervised(stage):
        first = await stage.ask(1)
        os.kill(first, signal.SIGSTOP)
        # Before, it may still take whoever comes.
        await until(lambda: psutil.Process(first).status() == psutil.STATUS_STOPPED)
        assert await stage.ask(1) != first
        assert stage.noted(2) == ["start"]
    events = dict(stage.observer.events)
    assert events["a worker hangs and is killed"] == {"worker": 1, "pid": first}


async def test_a_worker_that_hangs_keeps_nobody_from_stopping(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It cannot hear that it has to end."""
    monkeypatch.setattr(module, "LISTEN_S", 0.25)
    async with supervised(stage) as running:
        os.kill(await stage.ask(1), signal.SIGSTOP)
        os.kill(os.getpid(), signal.SIGTERM)
        assert await running == 0


async def test_the_first_stop_drains_and_the_second_ends(stage: Stage) -> None:
    """Each worker hears both, and nobody is started again."""
    (stage.folder / "long").touch()
    async with supervised(stage) as running:
        os.kill(os.getpid(), signal.SIGTERM)
        await stage.until(1, "start", "stop")
        await stage.until(2, "start", "stop")
        assert not running.done()
        os.kill(os.getpid(), signal.SIGINT)
        assert await running == 0
    assert stage.noted(1) == stage.noted(2) == ["start", "stop", "stop"]


async def test_a_hangup_goes_to_all(stage: Stage) -> None:
    """Whoever has asked once has asked all of them."""
    async with supervised(stage):
        os.kill(os.getpid(), signal.SIGHUP)
        await stage.until(1, "start", "reload")
        await stage.until(2, "start", "reload")


async def test_a_roll_replaces_one_after_the_other(stage: Stage) -> None:
    """The next one serves before the last one leaves, which stays for its clients until the end."""
    (stage.folder / "long").touch()
    async with supervised(stage) as running:
        os.kill(os.getpid(), signal.SIGUSR2)
        await stage.until_told("all workers have been replaced")
        for number in (1, 2):
            await stage.until(number, "start", "start", "retire")
        assert len(stage.supervisor._running) == 4
        # Nobody follows the old ones.
        (stage.folder / "long").unlink()
        os.kill(stage.pids(1)[0], signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGTERM)
        assert await running == 0
    assert "a worker has ended and is started again" not in dict(stage.observer.events)
    assert stage.noted(2).count("stop") == 2


async def test_a_roll_ends_where_a_new_one_does_not_serve(stage: Stage) -> None:
    """What is wrong is told, and the old ones go on."""
    async with supervised(stage):
        (stage.folder / "refuse").touch()
        os.kill(os.getpid(), signal.SIGUSR2)
        await stage.until_told("a worker cannot be replaced; the old one goes on")
        assert await stage.ask(1) == stage.pids(1)[0]
        assert stage.noted(2) == ["start"]


async def test_a_start_that_fails_ends_all(stage: Stage) -> None:
    """What is wrong is wrong with each of them; a supervisor of nobody would hide it."""
    (stage.folder / "refuse").touch()
    assert await stage.supervisor.run() == 1
    assert [name for name, _ in stage.observer.events] == [
        "a worker could not start; nothing is served"
    ]


async def test_one_that_cannot_come_back_is_tried_again(stage: Stage) -> None:
    """Later each time, until it can: the others serve on."""
    async with supervised(stage):
        (stage.folder / "refuse").touch()
        os.kill(stage.pids(1)[0], signal.SIGKILL)
        await until(lambda: len(stage.observer.events) >= 4)
        delays = [facts["after_s"] for _, facts in stage.observer.events[1:4]]
        assert delays == [0.01, 0.02, 0.04]
        (stage.folder / "refuse").unlink()
        await stage.until(1, "start", "start")


async def test_one_that_could_serve_is_back_soon_however_often_it_ends(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others have to wait longer each time: they only cost."""
    monkeypatch.setattr(module, "SERVED_DELAY_S_MAX", 0.02)
    async with supervised(stage):
        for count in range(1, 5):
            os.kill(stage.pids(1)[-1], signal.SIGKILL)
            await stage.until(1, *["start"] * (count + 1))
            # It has said that it serves before anybody could kill it again.
            assert await stage.ask(1) == stage.pids(1)[-1]
    delays = [facts["after_s"] for event, facts in stage.observer.warnings if "ended" in event]
    assert delays == [0.01, 0.02, 0.02, 0.02]


def test_how_a_process_has_ended_is_told_in_words() -> None:
    """By itself, or by a signal."""
    assert describe_end(1) == "exit status 1"
    assert describe_end(-9) == "SIGKILL"
