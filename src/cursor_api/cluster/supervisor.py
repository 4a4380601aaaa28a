"""The supervisor: it starts the workers, watches them, and passes on what signals ask for.

Rules of this file:
- It serves nothing and reads no settings: it is small, so that it does not end when a worker does.
- Each worker has a listening socket of its own, which the supervisor holds: while a worker is away
  its connections wait in the socket's queue, and the next worker finds them there.
- A worker that ends by itself is started again: at once where it has served for a while, later and
  later where it ends soon after its start. One that never served is a start that has failed.
- At SIGUSR2 each worker in turn is replaced: the new one serves at the same socket before the old
  one leaves it, and the old one ends when its last client has gone.
- A worker that serves says so again and again. One that has fallen silent hangs: whoever comes to
  its socket would wait for ever, and so would whoever wants it to end. It is killed.
- A signal that has no handler yet would end a worker: only those that serve get any but SIGTERM.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from cursor_api.cluster.place import READY, VARIABLE, WorkerPlace
from cursor_api.ports.process import Observer

# One that has served so long did not fail at its start.
STEADY_S = 10.0
# Before the first new start after an early end; doubled with each further one.
DELAY_S = 0.25
DELAY_S_MAX = 30.0
# One that could serve is back within a second, however often it ends.
SERVED_DELAY_S_MAX = 1.0
# A worker is silent when nothing was heard for so long, so often in a row: counted, as a supervisor
# that was stopped itself has heard nothing either. An event loop that stands still for half a
# minute has lost its clients already.
LISTEN_S = 5.0
SILENT_COUNT_MAX = 6
HEARD_BYTES_MAX = 65_536


class Plan(Struct, frozen=True):
    """What is run, and how often: once for each listening socket.

    `folder` and `shared_url` are WorkerPlace's.
    """

    command: Sequence[str]
    environ: Mapping[str, str]
    listeners: Sequence[socket.socket]
    folder: Path
    shared_url: str | None = None


class Worker:
    """One process. `is_ready` becomes whether it ever served."""

    def __init__(self, number: int, process: asyncio.subprocess.Process) -> None:
        self.number = number
        self.process = process
        self.is_ready: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.ready_at: float | None = None
        # It has to read everything again as soon as it hears that.
        self.is_to_reload = False

    def __repr__(self) -> str:
        return f"Worker({self.number}, pid={self.process.pid})"

    def send(self, number: signal.Signals) -> None:
        """Send a signal, where it still runs."""
        if self.process.returncode is None:
            self.process.send_signal(number)


class Supervisor:
    """Runs the workers until a stop signal, or until one cannot be started at all."""

    def __init__(self, plan: Plan, observer: Observer) -> None:
        self._plan = plan
        self._observer = observer
        # Those whose end is missed, and all that run: some are to take a place, some have left it.
        self._current: dict[int, Worker] = {}
        self._running: set[Worker] = set()
        self._turn = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._has_started = False
        self._has_failed = False
        self._stopping = asyncio.Event()
        self._delays = dict.fromkeys(self._numbers, DELAY_S)

    def __repr__(self) -> str:
        return f"Supervisor({len(self._current)} of {len(self._plan.listeners)} workers)"

    @property
    def _numbers(self) -> range:
        return range(1, len(self._plan.listeners) + 1)

    async def run(self) -> int:
        """Serve until a stop signal; gives the exit status.

        The first SIGTERM or SIGINT drains all workers, the second ends them at once. SIGHUP has all
        of them read settings and credentials again. SIGUSR2 replaces them one after the other.
        """
        loop = asyncio.get_running_loop()
        for ending in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(ending, self._stop)
        loop.add_signal_handler(signal.SIGHUP, self._reload)
        loop.add_signal_handler(signal.SIGUSR2, lambda: self._keep(self._roll()))
        for number in self._numbers:
            self._current[number] = await self._start(number)
        workers = list(self._current.values())
        if all(await asyncio.gather(*(worker.is_ready for worker in workers))):
            self._has_started = True
            pids = {worker.number: worker.process.pid for worker in workers}
            self._observer.notice("all workers serve", pids=pids)
        elif not self._stopping.is_set():
            self._observer.warn("a worker could not start; nothing is served")
            self._has_failed = True
            self._stop()
        while self._tasks:
            await asyncio.wait(self._tasks)
        return 1 if self._has_failed else 0

    def _stop(self) -> None:
        """A worker takes the first for draining and the second for the end."""
        self._stopping.set()
        for worker in self._running:
            worker.send(signal.SIGTERM)

    def _reload(self) -> None:
        for worker in self._running:
            if worker.ready_at is None:
                worker.is_to_reload = True
            else:
                worker.send(signal.SIGHUP)

    async def _roll(self) -> None:
        """Replace all of them; where a new one does not serve, the old ones go on."""
        async with self._turn:
            for number in self._numbers:
                if self._stopping.is_set() or not await self._replace(number):
                    return
            pids = {number: worker.process.pid for number, worker in self._current.items()}
            self._observer.notice("all workers have been replaced", pids=pids)

    async def _replace(self, number: int) -> bool:
        try:
            new = await self._start(number)
        except OSError as error:
            self._observer.warn("a worker cannot be replaced", worker=number, error=str(error))
            return False
        if not await new.is_ready:
            if not self._stopping.is_set():
                self._observer.warn(
                    "a worker cannot be replaced; the old one goes on", worker=number
                )
            return False
        # Perhaps not the one that was there before: that may have ended meanwhile.
        old, self._current[number] = self._current[number], new
        old.send(signal.SIGUSR2)
        return True

    async def _start(self, number: int) -> Worker:
        """Start one and watch it."""
        listener = self._plan.listeners[number - 1]
        heard, told = os.pipe()
        place = WorkerPlace(
            number=number,
            count=len(self._plan.listeners),
            listener=listener.fileno(),
            ready=told,
            supervisor=os.getpid(),
            is_first_start=not self._has_started,
            folder=str(self._plan.folder),
            shared_url=self._plan.shared_url,
        )
        try:
            process = await asyncio.create_subprocess_exec(
                *self._plan.command,
                env={**self._plan.environ, VARIABLE: msgspec.json.encode(place).decode()},
                pass_fds=(listener.fileno(), told),
                # Ctrl-C in a terminal goes to the supervisor alone, which tells them.
                process_group=0,
            )
        except BaseException:
            os.close(heard)
            raise
        finally:
            os.close(told)
        worker = Worker(number, process)
        self._running.add(worker)
        if self._stopping.is_set():
            worker.send(signal.SIGTERM)
        self._keep(self._listen(worker, heard))
        self._keep(self._watch(worker))
        return worker

    def _keep(self, running: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(running)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _listen(self, worker: Worker, heard: int) -> None:
        """Wait until it says that it serves, or has ended without; then until it falls silent."""
        reader = asyncio.StreamReader()
        loop = asyncio.get_running_loop()
        transport, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(heard, "rb", 0)
        )
        is_ready = await reader.read(1) == READY
        if is_ready:
            worker.ready_at = loop.time()
            if worker.is_to_reload:
                worker.send(signal.SIGHUP)
        worker.is_ready.set_result(is_ready)
        if is_ready and await _falls_silent(reader):
            self._observer.warn(
                "a worker hangs and is killed", worker=worker.number, pid=worker.process.pid
            )
            worker.send(signal.SIGKILL)
        transport.close()

    async def _watch(self, worker: Worker) -> None:
        """Until it ends; starts another one in its place where it has not been told to end."""
        status = await worker.process.wait()
        self._running.discard(worker)
        await worker.is_ready
        if self._is_over(worker):
            return
        delay_s = self._find_delay(worker)
        self._observer.warn(
            "a worker has ended and is started again",
            worker=worker.number,
            pid=worker.process.pid,
            ended_by=describe_end(status),
            after_s=delay_s,
        )
        while await self._wait(delay_s) and not self._is_over(worker):
            try:
                self._current[worker.number] = await self._start(worker.number)
            except OSError as error:
                # No memory or no process to be had; it may be later.
                delay_s = self._find_delay(worker)
                self._observer.warn(
                    "a worker cannot be started", worker=worker.number, error=str(error)
                )
            else:
                return

    async def _wait(self, seconds: float) -> bool:
        """Whether the time is over, and nothing else."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)
        return not self._stopping.is_set()

    def _is_over(self, worker: Worker) -> bool:
        """Whether nobody follows it: all end, it has been replaced, or is a start that failed."""
        if self._stopping.is_set() or self._current.get(worker.number) is not worker:
            return True
        return not self._has_started and worker.ready_at is None

    def _find_delay(self, worker: Worker) -> float:
        """How long to wait before the next start: not at all after one that was steady."""
        now = asyncio.get_running_loop().time()
        if worker.ready_at is not None and now - worker.ready_at >= STEADY_S:
            self._delays[worker.number] = DELAY_S
            return 0.0
        limit_s = DELAY_S_MAX if worker.ready_at is None else SERVED_DELAY_S_MAX
        delay_s = min(self._delays[worker.number], limit_s)
        self._delays[worker.number] = min(2 * delay_s, DELAY_S_MAX)
        return delay_s


async def _falls_silent(reader: asyncio.StreamReader) -> bool:
    """Wait until whoever speaks there has nothing more to say, and whether it still could."""
    silent_count = 0
    while silent_count < SILENT_COUNT_MAX:
        try:
            heard = await asyncio.wait_for(reader.read(HEARD_BYTES_MAX), LISTEN_S)
        except TimeoutError:
            silent_count += 1
        else:
            if not heard:
                return False
            silent_count = 0
    return True


def describe_end(status: int) -> str:
    """How a process has ended, in words for the operator."""
    return f"exit status {status}" if status >= 0 else signal.Signals(-status).name
