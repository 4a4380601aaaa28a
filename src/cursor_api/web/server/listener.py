"""The listening socket: whoever waits to be let in is let in at once, however busy the process is.

uvloop's own accepts one connection in each turn of the loop (libuv does since
https://github.com/libuv/libuv/pull/3696). A turn under load takes several milliseconds, so that of
a hundred clients that come together the last would wait for half a second, if only to hear
that there is no place for it.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

import structlog

log = structlog.get_logger(__name__)

# New connections in one turn of the loop. A hundred that come together wait for three turns; and a
# flood of connections that are closed at once has no more than some hundred descriptors at a time.
ACCEPTED_PER_TURN_MAX = 32
# After a failure that is ours (no descriptor, no memory) they wait in the kernel's queue.
RETRY_S = 0.1


class Listener:
    """Accepts the connections of one listening socket until it is closed; the loop's thread only.

    Stands in for `asyncio.Server` where only its `close` is asked for.
    """

    def __init__(
        self, listening: socket.socket, make_protocol: Callable[[], asyncio.Protocol]
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._listening = listening
        self._make_protocol = make_protocol
        self._retry: asyncio.TimerHandle | None = None
        self._has_failed = False
        # The loop itself keeps tasks weakly.
        self._tasks: set[asyncio.Task[None]] = set()
        listening.setblocking(False)
        self._watch()

    def close(self) -> None:
        """Accept no more. The socket stays open: its owner closes it."""
        if self._retry is not None:
            self._retry.cancel()
        self._loop.remove_reader(self._listening)

    def _watch(self) -> None:
        self._retry = None
        self._loop.add_reader(self._listening, self._accept)

    def _accept(self) -> None:
        for _ in range(ACCEPTED_PER_TURN_MAX):
            try:
                accepted, _address = self._listening.accept()
            except BlockingIOError:
                self._has_failed = False
                return
            except ConnectionAbortedError:
                # This one left while it waited; the next may not have.
                continue
            except OSError as error:
                self._pause(error)
                return
            task = self._loop.create_task(self._take_on(accepted))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _take_on(self, accepted: socket.socket) -> None:
        accepted.setblocking(False)
        try:
            await self._loop.connect_accepted_socket(self._make_protocol, accepted)
        except OSError as error:
            accepted.close()
            log.warning("a connection could not be taken on", error=str(error))

    def _pause(self, error: OSError) -> None:
        """Look away for a moment: the socket stays readable, and the loop would do nothing else."""
        if not self._has_failed:
            self._has_failed = True
            log.error("no more connections can be accepted for now; they wait", error=str(error))
        self._loop.remove_reader(self._listening)
        self._retry = self._loop.call_later(RETRY_S, self._watch)
