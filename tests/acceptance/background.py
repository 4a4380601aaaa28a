"""A simulator, and a wire that counts, beside tests that wait for other programs.

Both live on an event loop in a thread of their own, so that a test may block.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, contextmanager
from typing import Any, Self, TypeVar

from cursor_api.simulator.cursor.kind import CursorSimulator
from cursor_api.simulator.cursor.received import ReceivedRequest
from cursor_api.simulator.faults import Faults
from cursor_api.simulator.ledger import PlayedAnswer
from cursor_api.simulator.options import SimulatorOptions

WAIT_S_MAX = 20.0

Result = TypeVar("Result")


class LoopThread:
    """An event loop in a thread; a context manager. What it opened is closed at the end."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._stack = AsyncExitStack()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.run(self._stack.aclose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(WAIT_S_MAX)
        self._loop.close()

    def run(self, work: Coroutine[Any, Any, Result], timeout_s: float = WAIT_S_MAX) -> Result:
        """Have it done over there and wait for it; raises TimeoutError."""
        return asyncio.run_coroutine_threadsafe(
            asyncio.wait_for(work, timeout_s), self._loop
        ).result()

    def open(self, context: contextlib.AbstractAsyncContextManager[Result]) -> Result:
        """Enter a context that lasts as long as the loop."""
        return self.run(self._stack.enter_async_context(context))


class Upstream:
    """A simulator as tests outside its loop see it."""

    def __init__(self, loop: LoopThread, simulator: CursorSimulator) -> None:
        self._loop = loop
        self._simulator = simulator
        self.url = simulator.url

    def script(self, token: str, *faults: Faults) -> None:
        """See `Simulator.script`."""
        self._look(lambda simulator: simulator.script(token, *faults))

    def requests(self, token: str | None = None) -> list[ReceivedRequest]:
        """What has arrived so far, from all credentials or one."""
        found = self._look(lambda simulator: list(simulator.requests))
        return [one for one in found if token in {None, one.credential}]

    def last_request(self) -> ReceivedRequest:
        """What arrived last."""
        return self.requests()[-1]

    def last_exchange(self) -> PlayedAnswer:
        """The answer that ended last."""
        return self._look(lambda simulator: simulator.played[-1])

    def wait_busy(self) -> None:
        """Return when an answer is under way; raises TimeoutError."""

        async def there() -> None:
            while not self._simulator.active_count:
                await asyncio.sleep(0.01)

        self._loop.run(there())

    def wait_idle(self, timeout_s: float) -> None:
        """Return when no answer is under way; raises TimeoutError."""
        self._loop.run(self._simulator.wait_idle(), timeout_s)

    def _look(self, look: Callable[[CursorSimulator], Result]) -> Result:
        async def there() -> Result:
            return look(self._simulator)

        return self._loop.run(there())


@contextmanager
def upstream(options: SimulatorOptions | None = None) -> Iterator[Upstream]:
    """A simulator that serves while the context lasts."""
    with LoopThread() as loop:
        yield Upstream(loop, loop.open(CursorSimulator(options)))


class Tap:
    """A wire to a gateway that counts the requests of a client, and the comments in answers."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.request_count = 0
        self.comment_count = 0
        self.url = ""

    @contextlib.asynccontextmanager
    async def serve(self) -> Any:
        """Listen on a free port and pass everything on."""
        tasks: set[asyncio.Task[None]] = set()

        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            tasks.add(task)
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await self._join(reader, writer)
            writer.close()

        server = await asyncio.start_server(accept, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            await _first(self._pass(reader, far_writer), self._pass(far_reader, writer))
        finally:
            far_writer.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            # A request of the tests is small enough to come in one read.
            self.request_count += data.startswith((b"POST ", b"GET "))
            self.comment_count += data.count(b"\n: keep-alive\n")
            writer.write(data)
            await writer.drain()


async def _first(*work: Awaitable[None]) -> None:
    """Do several things until the first is done."""
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@contextmanager
def tap(port: int) -> Iterator[Tap]:
    """A counting wire to that port while the context lasts."""
    with LoopThread() as loop:
        yield loop.open(Tap(port).serve())
