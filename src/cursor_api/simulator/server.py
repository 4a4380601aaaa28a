"""The simulator as a server: each request goes to the kind of upstream that has its path."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from cursor_api.simulator.connection import Connection
from cursor_api.simulator.kind import PlannedAnswer, Responder
from cursor_api.simulator.ledger import Ledger, PlayedAnswer
from cursor_api.simulator.options import SimulatorOptions
from cursor_api.simulator.request import RawRequest

# A burst of new connections must not be refused by the kernel before anybody looked at it.
BACKLOG = 2048


class Simulator:
    """Serves from entering to leaving the context; leaving ends every connection at once.

    A request to a path that no responder has is the first one's to refuse.
    """

    def __init__(
        self, responders: Sequence[Responder], options: SimulatorOptions | None = None
    ) -> None:
        self._options = options or SimulatorOptions()
        self._responders = responders
        self._ledger = Ledger(self._options.requests_kept_max)
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    def __repr__(self) -> str:
        place = self.url if self._server else "not serving"
        return f"<Simulator {place}, {len(self._tasks)} connections, {self._ledger!r}>"

    async def __aenter__(self) -> Self:
        """Listen; raises OSError when the address cannot be had."""
        self._server = await asyncio.start_server(
            self._accept,
            self._options.host,
            self._options.port,
            ssl=self._options.tls,
            backlog=BACKLOG,
        )
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await server.wait_closed()

    @property
    def port(self) -> int:
        """The port it listens on; raises RuntimeError outside the context."""
        if self._server is None:
            raise RuntimeError("the simulator is not serving")
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    @property
    def url(self) -> str:
        """`http://host:port`, without a path; raises RuntimeError outside the context."""
        host = self._options.host
        scheme = "https" if self._options.tls else "http"
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def played(self) -> deque[PlayedAnswer]:
        """How the last answers went, in the order in which they ended."""
        return self._ledger.played

    @property
    def active_count(self) -> int:
        """Answers under way."""
        return self._ledger.active_count

    @property
    def connection_count(self) -> int:
        """Connections ever accepted."""
        return self._ledger.connection_count

    @property
    def open_connection_count(self) -> int:
        """Connections open now."""
        return len(self._tasks)

    async def wait_idle(self) -> None:
        """Return when no answer is under way."""
        await self._ledger.wait_idle()

    def _respond(self, request: RawRequest) -> PlannedAnswer:
        own = (one for one in self._responders if request.path in one.paths)
        return next(own, self._responders[0]).respond(request)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._tasks) >= self._options.connections_max or self._server is None:
            writer.transport.abort()
            return
        self._ledger.connection_count += 1
        connection = Connection((reader, writer), self._respond, self._ledger, self._options)
        task = asyncio.get_running_loop().create_task(connection.serve())
        self._tasks.add(task)

        def forget(done: asyncio.Task[None]) -> None:
            self._tasks.discard(done)
            # A task cancelled before its first step has closed nothing. (asyncio's abort() fails
            # where a connection's last bytes left behind its closing.)
            if not writer.transport.is_closing():
                writer.transport.abort()

        task.add_done_callback(forget)


async def simulate(simulator: Simulator, on_ready: Callable[[str], None] | None = None) -> None:
    """Serve until cancelled. `on_ready` is called once with the address."""
    async with simulator:
        if on_ready is not None:
            on_ready(simulator.url)
        await asyncio.Event().wait()
