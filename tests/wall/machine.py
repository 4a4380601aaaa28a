"""When the machine is at its end: no room on its disk, no file descriptor left."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cursor_api.bootstrap import Stores, make_checksum
from cursor_api.files.disk import Disk
from cursor_api.options.said import Words
from cursor_api.simulator import scenario as speech
from cursor_api.simulator.cursor.kind import CursorSimulator
from cursor_api.simulator.options import SimulatorOptions
from cursor_api.stores.files.pool_state import FilePoolStateStore
from cursor_api.upstreams.cursor.token_files.store import FileCredentialStore
from tests.acceptance.in_process import KEY, Gateway, gateway_before
from tests.acceptance.programs import running
from tests.wall.scenario import TEXT, Cells, Report, Row, Shape, Special
from tests.wall.ways import RAW, Got, Way

# --- The disk


class FillableDisk(Disk):
    """The real disk, until it is full."""

    is_full = False

    def write(self, file: int, data: bytes) -> None:
        """What a full disk does: take a part, and say no."""
        if self.is_full:
            super().write(file, data[: len(data) // 2])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        super().write(file, data)


def contents(folder: Path) -> dict[str, bytes]:
    """All files, but for the lock, which is empty."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.stat().st_size}


async def _fill(way: Way) -> tuple[list[Got], list[str]]:
    """Chat, have a token added and a memory saved, chat again: all on a disk without room."""
    found: list[str] = []
    disk = FillableDisk()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / ".token").write_text("work::token-of-work\n", encoding="utf-8")
        (folder / ".token-state").write_text('{"version":1,"credentials":{}}', encoding="utf-8")
        stores = Stores(
            FileCredentialStore(
                folder / ".token", folder / ".token-list", make_checksum, disk=disk
            ),
            FilePoolStateStore(folder / ".token-state", disk),
        )
        async with simulated() as simulator:
            async with gateway_before(simulator.url, tokens=stores) as gateway:
                disk.is_full, before = True, contents(folder)
                got = [await way.ask(gateway, {})]
                added = await gateway.ask(
                    "POST", "/api/credentials", body=b'{"tokens": "token-of-home"}'
                )
                if added.status != 500 or added.json()["error"]["code"] != "store_failed":
                    found.append(f"a new token was answered with {added.status}")
                got.append(await way.ask(gateway, {}))
            # The gateway has tried to save its memory once more when it ended.
            if contents(folder) != before:
                found.append("a file is not what it was before the disk was full")
    found += [f"the answer is {one.shape.value}" for one in got if not is_whole(one)]
    return got, [f"{way.name}: {one}" for one in found]


async def run_disk_full() -> Report:
    """Requests go on, what cannot be stored is refused, and nothing is truncated."""
    found = await asyncio.gather(*(_fill(way) for way in RAW))
    whole = Words("2 × whole", "2 × 完整")
    return Report(
        Cells(whole, whole, Words("2 × work answered", "2 × work 已回答")),
        tuple(one for _got, complaints in found for one in complaints),
    )


# --- File descriptors

DESCRIPTORS_MAX: Final = 128
CALLERS_COUNT: Final = 200
SOON_S_MAX: Final = 10.0
LIMITED_SERVE: Final = f'ulimit -n {DESCRIPTORS_MAX} && exec "$0" -m cursor_api serve'


@dataclass(slots=True)
class Crowd:
    """Callers who connect and say nothing."""

    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    async def come(self, port: int) -> None:
        """All of them; who is turned away is gone already."""
        for _ in range(CALLERS_COUNT):
            _reader, writer = await asyncio.open_connection("127.0.0.1", port)
            self.writers.append(writer)

    def leave(self) -> None:
        """All of them, at once."""
        for writer in self.writers:
            writer.transport.abort()


async def _crowd(gateway: Gateway) -> tuple[list[Got], list[Got]]:
    """What each way of asking gets while the crowd is there, and when it has left."""
    crowd = Crowd()
    try:
        await crowd.come(gateway.port)
        crowded = [await _ask_until(gateway, way, is_turned_away) for way in RAW]
    finally:
        crowd.leave()
    after = [await _ask_until(gateway, way, is_whole) for way in RAW]
    return crowded, after


async def _ask_until(gateway: Gateway, way: Way, is_enough: Callable[[Got], bool]) -> Got:
    """What must come soon: a gateway that turns many away at once only hangs up on the last ones.

    And it learns of its callers' leaving when the kernel tells it.
    """
    deadline = time.monotonic() + SOON_S_MAX
    while True:
        with contextlib.suppress(ConnectionError):
            got = await way.ask(gateway, {})
            if is_enough(got) or time.monotonic() > deadline:
                return got
        assert time.monotonic() < deadline, "the gateway hangs up on everybody"
        await asyncio.sleep(0.05)


async def run_descriptors() -> Report:
    """A real process with few descriptors, and more callers than it can have."""
    async with AsyncExitStack() as stack:
        simulator = await stack.enter_async_context(simulated())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        (folder / ".token").write_text("work::token-of-work\n", encoding="utf-8")
        variables = {"PORT": "0", "AUTH_TOKEN": KEY, "CURSOR_BASE_URL": simulator.url}
        command = ["sh", "-c", LIMITED_SERVE, sys.executable]
        program = stack.enter_context(running(command, folder, variables))
        crowded, after = await _crowd(Gateway(program.port))
        is_alive = program.process.poll() is None
    found = [
        f"the crowd's {one.shape.value} {one.status} {one.code}"
        for one in crowded
        if not is_turned_away(one)
    ]
    found += [f"afterwards {one.shape.value} {one.status}" for one in after if not is_whole(one)]
    if not is_alive:
        found.append("the process has ended")
    told = Words(
        f"{crowded[0].status} `{crowded[0].code}`, Retry-After; then whole",
        f"{crowded[0].status} `{crowded[0].code}`, Retry-After；然后 完整",
    )
    attempts = Words("none; then work answered", "无；然后 work 已回答")
    return Report(Cells(told, told, attempts), tuple(found))


def is_turned_away(got: Got) -> bool:
    """Told to come again, at once."""
    is_told = got.headers is not None and "retry-after" in got.headers
    return (got.shape, got.status, got.code) == (Shape.REFUSED, 503, "overloaded") and is_told


def is_whole(got: Got) -> bool:
    """All of the text."""
    return got.shape is Shape.WHOLE and got.text == TEXT


@asynccontextmanager
async def simulated() -> AsyncIterator[CursorSimulator]:
    """A simulator that answers with the text of the wall."""
    options = SimulatorOptions(scenario=speech.Scenario(text=TEXT))
    async with CursorSimulator(options) as simulator:
        yield simulator


ROWS: Final[tuple[Row, ...]] = (
    Special(
        key="disk-full",
        name=Words(
            "the disk is full: tokens and memory cannot be saved",
            "磁盘已满：无法保存令牌和状态",
        ),
        run=run_disk_full,
        deeper="tests/acceptance/test_store_mounts.py",
    ),
    Special(
        key="descriptors",
        name=Words(
            f"{CALLERS_COUNT} idle callers on a process with {DESCRIPTORS_MAX} file descriptors;"
            " then they leave",
            f"进程仅有 {DESCRIPTORS_MAX} 个文件描述符，却有 {CALLERS_COUNT} 个空闲连接；"
            "随后它们离开",
        ),
        run=run_descriptors,
        deeper="tests/acceptance/test_descriptors.py",
    ),
)
