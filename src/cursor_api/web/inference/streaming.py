"""From deltas to response bytes, and what watches over a response while it lasts.

Rules of this file:
- One batch of deltas is one write; before the upstream's first delta nothing is sent but what
  breaks a silence.
- The watch ends a request whose client has left, by cancelling its task, and has silence broken
  with the dialect's pings; one clock looks for the silence of all streams. Our own server tells
  it of the departure; another one is asked, by a task for requests that last longer than
  WATCH_AFTER_S. A client that does not read is cut by the server, and so has left.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from msgspec import Struct

from cursor_api.options.kinds import duration
from cursor_api.options.setting import setting
from cursor_api.ports.dialect import StreamRenderer
from cursor_api.ports.upstream import DeltaBatches
from cursor_api.watch import Watch as DeadlineClock
from cursor_api.web.server.serving import Receive, Send

log = logging.getLogger(__name__)

# Most answers from a cache or an error come sooner; a client that leaves is still noticed in time
# (promise: upstream closed within 1 s).
WATCH_AFTER_S = 0.25
TICK_S = 1.0

STREAM_HEADERS = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    # nginx holds a stream back otherwise.
    (b"x-accel-buffering", b"no"),
)


class KeepAliveOptions(Struct, frozen=True):
    """What a stream gets while its answer is silent."""

    keep_alive_s: float = setting(
        "GATEWAY_KEEP_ALIVE_S",
        duration(1, 600, "15s"),
        "15",
        "After this much silence a stream gets a comment line, so that proxies and"
        " clients do not close it; most of them wait 30 to 60 seconds. If this"
        " happens before the first text, the stream has begun with status 200, and a"
        " later failure is reported in the stream.",
    )

    def with_clock(self) -> KeepAlive:
        """What keeps the streams of one address alive."""
        return KeepAlive(self)


class KeepAlive:
    """What breaks the silence of streams: the options, and the one clock of all of them."""

    def __init__(self, options: KeepAliveOptions) -> None:
        self.silence_s = options.keep_alive_s
        self.clock = DeadlineClock()

    def __repr__(self) -> str:
        return f"KeepAlive({self.silence_s:g} s, {self.clock!r})"


class Departing(Protocol):
    """A request that tells when its client leaves. `task` answers it."""

    task: asyncio.Task[None] | None

    def tell_departure(self, departing: Callable[[], None] | None) -> None:
        """Call this then, or now if it has left; None: nobody asks any more."""
        ...


BreakSilence = Callable[[], Coroutine[Any, Any, None]]


class Watch:
    """Looks after one response; `is_client_gone` says that it ended the request.

    `break_silence` sends a ping; None where an answer is one piece, and silence its nature.
    `served` is the request where the server tells of departures. `deadline` is for the clock: when
    the silence is to be broken, if it lasts.
    """

    __slots__ = (
        "_break_silence",
        "_departure",
        "_is_writing",
        "_keep_alive",
        "_loop",
        "_main",
        "_pinging",
        "_receive",
        "_send",
        "_served",
        "_timer",
        "_written_at",
        "deadline",
        "is_client_gone",
    )

    def __init__(
        self,
        receive: Receive,
        send: Send,
        keep_alive: KeepAlive,
        break_silence: BreakSilence | None,
        served: Departing | None = None,
    ) -> None:
        self._receive = receive
        self._send = send
        self._keep_alive = keep_alive
        self._break_silence = break_silence
        # Not asked of asyncio where it is known: in Python 3.11 that is a system call.
        task = asyncio.current_task() if served is None else served.task
        if task is None:
            raise RuntimeError("a response is watched within a task")
        self._main = task
        self._loop = task.get_loop()
        self._departure: asyncio.Task[None] | None = None
        self._pinging: asyncio.Task[None] | None = None
        self._is_writing = False
        self.is_client_gone = False
        self._timer: asyncio.TimerHandle | None = None
        # Nothing was written yet: silence begins with the watch.
        self._written_at = 0.0
        self.deadline = math.inf
        if break_silence is not None:
            self._written_at = self._loop.time()
            self._listen_until(self._written_at + keep_alive.silence_s)
        self._served = served
        if served is None:
            self._timer = self._loop.call_later(WATCH_AFTER_S, self._begin)
        else:
            served.tell_departure(self._end)

    def stop(self) -> asyncio.Task[None] | None:
        """The request is over. Gives a ping that is still under way, to be waited for."""
        if self._served is not None:
            self._served.tell_departure(None)
        if self._timer is not None:
            self._timer.cancel()
        if self._break_silence is not None:
            self._keep_alive.clock.discard(self)
        pinging = self._pinging
        for task in (self._departure, pinging):
            if task is not None:
                task.cancel()
        # They know this watch: in a circle all three would last until the collector comes by, which
        # looks at what has lasted once in some hundred thousand requests.
        self._departure = self._pinging = self._served = self._timer = None
        return None if pinging is None or pinging.done() else pinging

    async def write(self, body: bytes, *, has_more: bool = True) -> None:
        """Send a piece of the response; waits while the client's buffer is full."""
        self._is_writing = True
        await self._send({"type": "http.response.body", "body": body, "more_body": has_more})
        self._is_writing = False
        self._written_at = self._loop.time()

    def _begin(self) -> None:
        self._departure = self._loop.create_task(self._wait_for_departure())
        self._departure.add_done_callback(_log_failure)

    async def _wait_for_departure(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._end()

    def _end(self) -> None:
        self.is_client_gone = True
        self._main.cancel("the client left")

    def _listen_until(self, then: float) -> None:
        self.deadline = then
        self._keep_alive.clock.add(self, self._loop)

    def expire(self) -> None:
        """It may have been silent for too long, as the clock says: see whether it was."""
        now = self._loop.time()
        silent_until = self._written_at + self._keep_alive.silence_s
        if self._is_writing:
            # Whoever waits for the client to read has broken the silence already.
            silent_until = now + TICK_S
        elif silent_until <= now and self._break_silence is not None:
            self._written_at = now
            silent_until = now + self._keep_alive.silence_s
            self._pinging = self._loop.create_task(self._break_silence())
            self._pinging.add_done_callback(self._forget_ping)
        self._listen_until(silent_until)

    def _forget_ping(self, ping: asyncio.Task[None]) -> None:
        # As an object it is large, and streams are silent for long.
        if self._pinging is ping:
            self._pinging = None
        _log_failure(ping)


def _log_failure(task: asyncio.Task[None]) -> None:
    """A watch that fails costs its request a ping or an early end, and nobody anything else."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("the watch over a response failed; the response goes on", exc_info=error)


async def stream(batches: DeltaBatches, renderer: StreamRenderer, watch: Watch) -> None:
    """Write an answer as it comes; raises the Fault that breaks it.

    What ends the answer leaves in the same write as its last batch.
    """
    async for batch in batches:
        body = renderer.render(batch)
        # A write may wait for as long as its client likes; as objects a batch is large.
        del batch
        if renderer.is_finished:
            await watch.write(body + renderer.finish(), has_more=False)
            return
        if body:
            await watch.write(body)
        # The next batch may be long in coming, too.
        del body
    # Raises: the batches ended and the answer did not.
    renderer.finish()
