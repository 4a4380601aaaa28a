"""The listening socket: whoever waits to be let in is let in at once, however busy the process is.

uvloop's own accepts one connection in each turn of the loop (libuv does since
https://github.com/libuv/libuv/pull/3696). A turn under load takes several milliseconds, so that of
a hundred clients that come together the last would wait for half a second, if only to hear
that there is no place for it.

Where the listener speaks TLS, a client that has not shaken hands is nobody yet, and costs as little
as can be: until its first byte no TLS is begun for it, all it takes has one time limit, and where
too many are at it, the one that has been longest goes. Whoever speaks plain HTTP is told.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import Callable

from msgspec import Struct

log = logging.getLogger(__name__)

# New connections in one turn of the loop. A hundred that come together wait for three turns; and a
# flood of connections that are closed at once has no more than some hundred descriptors at a time.
ACCEPTED_PER_TURN_MAX = 32
# After a failure that is ours (no descriptor, no memory) they wait in the kernel's queue.
RETRY_S = 0.1
# Handshakes at once: each takes some 100 KB while it lasts, and a real one lasts two round trips.
HANDSHAKES_MAX = 256
# What a client gets to end its side in due form, once ours has ended.
TLS_CLOSE_S = 2.0
# Failed handshakes are told once in so many seconds: on a public address they are endless.
FAILURES_TOLD_S = 60.0
# Of a plain request, before it is told; its head in most cases.
PLAIN_BYTES_MAX = 65_536
# The first byte of a TLS connection: a record that begins a handshake.
TLS_RECORD = b"\x16"


class Handshakes(Struct, frozen=True):
    """How to shake hands with clients.

    `timeout_s` and `count_max` are asked anew for each. `plain_answer` is written to a client that
    speaks plain HTTP.
    """

    context: ssl.SSLContext
    timeout_s: Callable[[], float]
    count_max: Callable[[], int]
    plain_answer: bytes


class Listener:
    """Accepts the connections of one listening socket until it is closed; the loop's thread only.

    Stands in for `asyncio.Server` where only its `close` is asked for.
    """

    def __init__(
        self,
        listening: socket.socket,
        make_protocol: Callable[[], asyncio.Protocol],
        handshakes: Handshakes | None = None,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._listening = listening
        self._make_protocol = make_protocol
        self._handshakes = handshakes
        self._retry: asyncio.TimerHandle | None = None
        self._has_failed = False
        # The loop itself keeps tasks weakly. In the order in which they came.
        self._tasks: dict[asyncio.Task[None], None] = {}
        self._failed_count = 0
        self._told_at: float | None = None
        listening.setblocking(False)
        self._watch()

    def leave(self) -> None:
        """Accept no more; who has been accepted is let in. The socket stays open."""
        if self._retry is not None:
            self._retry.cancel()
        self._loop.remove_reader(self._listening)

    def close(self) -> None:
        """Accept no more, and let nobody in. The socket stays open: its owner closes it."""
        self.leave()
        if self._handshakes is not None:
            for task in self._tasks:
                task.cancel()

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
            taking = self._take_on if self._handshakes is None else self._shake_hands
            task = self._loop.create_task(taking(accepted))
            self._tasks[task] = None
            task.add_done_callback(self._tasks.pop)
            if self._handshakes is not None and len(self._tasks) > self._handshakes.count_max():
                next(iter(self._tasks)).cancel()

    async def _take_on(self, accepted: socket.socket) -> None:
        accepted.setblocking(False)
        try:
            await self._loop.connect_accepted_socket(self._make_protocol, accepted)
        except OSError as error:
            accepted.close()
            log.warning(
                "a connection could not be taken on", extra={"facts": {"error": str(error)}}
            )

    async def _shake_hands(self, accepted: socket.socket) -> None:
        """Take it on over TLS, where the client speaks that, within the time for it."""
        accepted.setblocking(False)
        shown = self._handshakes
        assert shown is not None  # noqa: S101 - asked before
        began_at, limit_s = self._loop.time(), shown.timeout_s()
        has_begun = False
        try:
            async with asyncio.timeout(limit_s):
                first = await self._peek(accepted)
            if first == TLS_RECORD:
                has_begun = True
                await self._loop.connect_accepted_socket(
                    self._make_protocol,
                    accepted,
                    ssl=shown.context,
                    ssl_handshake_timeout=max(limit_s - (self._loop.time() - began_at), 0.1),
                    ssl_shutdown_timeout=TLS_CLOSE_S,
                )
            elif first.isalpha():
                self._answer_plain(accepted, shown.plain_answer)
        except (OSError, TimeoutError) as error:
            self._tell_failure(error)
        finally:
            # From its beginning the loop's transport owns it.
            if not has_begun:
                accepted.close()

    async def _peek(self, accepted: socket.socket) -> bytes:
        """Its first byte, b"" where it ended before; it stays to be read."""
        is_there: asyncio.Future[None] = self._loop.create_future()

        def tell() -> None:
            if not is_there.done():
                is_there.set_result(None)

        self._loop.add_reader(accepted, tell)
        try:
            await is_there
        finally:
            self._loop.remove_reader(accepted)
        return accepted.recv(1, socket.MSG_PEEK)

    def _answer_plain(self, accepted: socket.socket, answer: bytes) -> None:
        # What is not read would make its system throw the answer away; more than a head comes late.
        with contextlib.suppress(BlockingIOError):
            accepted.recv(PLAIN_BYTES_MAX)
        accepted.send(answer)
        self._tell_failure("a client speaks plain HTTP")

    def _tell_failure(self, error: object) -> None:
        self._failed_count += 1
        now = self._loop.time()
        if self._told_at is not None and now - self._told_at < FAILURES_TOLD_S:
            return
        reason = getattr(error, "reason", None) or str(error) or "it took too long"
        facts = {"reason": str(reason), "failed_count": self._failed_count}
        log.warning("a TLS handshake failed", extra={"facts": facts})
        self._failed_count, self._told_at = 0, now

    def _pause(self, error: OSError) -> None:
        """Look away for a moment: the socket stays readable, and the loop would do nothing else."""
        if not self._has_failed:
            self._has_failed = True
            log.error(
                "no more connections can be accepted for now; they wait",
                extra={"facts": {"error": str(error)}},
            )
        self._loop.remove_reader(self._listening)
        self._retry = self._loop.call_later(RETRY_S, self._watch)
