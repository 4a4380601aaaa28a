"""The connections to all upstreams: kept alive, counted, each request sent on one of them.

Rules of this file:
- No redirect is followed: a credential goes to the address in the configuration and nowhere else.
  For the same reason no cookie is kept, and no proxy is used but the one that the settings found.
- A request is sent once. What is sent again is decided where attempts are counted.
- The connection that was used last is used first, so that those that nobody needs grow old.
"""

from __future__ import annotations

import asyncio
import functools
from types import TracebackType
from typing import Final, Self

from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.transport.dialing import Dialer, Names
from cursor_api.transport.line import Line
from cursor_api.transport.options import HttpOptions
from cursor_api.transport.target import Target, Way, find_target
from cursor_api.transport.tls import keep_session
from cursor_api.watch import Watch

# How long a whole answer's connection may take to end its HTTP body before it is given up. Servers
# do so in the same or the next packet; the wait happens behind the caller's back.
LINGER_S: Final = 1.0
# An upstream has a handful of addresses, and all their requests go the same way.
PROXY_ANSWERS_KEPT: Final = 64
# How many turns of the loop a connection that was ended may take to be gone.
CLOSING_TURNS_MAX: Final = 10


class _Linger:
    """A whole answer whose HTTP body has not ended."""

    __slots__ = ("_line", "deadline")

    def __init__(self, line: Line, deadline: float) -> None:
        self._line = line
        self.deadline = deadline

    def expire(self) -> None:
        """Give it up."""
        self._line.close()


class Connections:
    """Which answers are open, on connections that are kept alive; an async context manager."""

    def __init__(self, options: HttpOptions, names: Names | None = None) -> None:
        self.options = options
        self._names = names
        self.watch = Watch()
        self._open_count = 0
        self._dialer: Dialer | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        # All that are open, and what each leads to.
        self._ways: dict[Line, Way] = {}
        # Those that nobody uses, the last used last.
        self._idle: dict[Way, list[Line]] = {}
        self._lingering: dict[Line, _Linger] = {}
        self._sweeping: asyncio.TimerHandle | None = None
        self._find_proxy = functools.lru_cache(PROXY_ANSWERS_KEPT)(self._choose_proxy)

    def __repr__(self) -> str:
        return f"Connections(open={self._open_count} of {self.options.connections_max})"

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The one that it was opened on; raises Fault(INTERNAL) before that."""
        if self._loop is None:
            raise Fault(FaultKind.INTERNAL, "The HTTP client is not open.")
        return self._loop

    @property
    def open_count(self) -> int:
        """Answers being waited for or read."""
        return self._open_count

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._dialer = Dialer(self, self.options.ca_file, self._names)
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._dialer = None
        self.watch.close()
        if self._sweeping is not None:
            self._sweeping.cancel()
        for line in tuple(self._ways):
            line.close()
        # Their transports close in the loop's next turns, of which TLS takes several.
        for _ in range(CLOSING_TURNS_MAX):
            if not self._ways:
                break
            await asyncio.sleep(0)

    def find_target(self, url: str) -> Target:
        """What an address says and the way to it; raises ValueError."""
        return find_target(url, self._find_proxy(url))

    def _choose_proxy(self, url: str) -> str | None:
        proxy = self.options.find_proxy(url)
        return proxy.reveal() if proxy else None

    def acquire(self) -> None:
        """One more answer is open; raises Fault(OVERLOADED) above the limit."""
        if self._open_count >= self.options.connections_max:
            raise Fault(
                FaultKind.OVERLOADED,
                f"The gateway has {self._open_count} requests open at this upstream, as many as its"
                " setting connections_max allows.",
            )
        self._open_count += 1

    def release(self) -> None:
        """One less is open."""
        self._open_count -= 1

    def find_idle(self, target: Target) -> Line | None:
        """A connection that was kept alive; None where there is none that is young enough."""
        idle = self._idle.get(target.way)
        if not idle or self._loop is None:
            return None
        too_old_at = self._loop.time() - self.options.keepalive_s
        while idle:
            line = idle.pop()
            if line.idle_at > too_old_at:
                return line
            line.close()
        return None

    async def dial(self, target: Target) -> Line:
        """A new connection; raises the errors of errors.py."""
        if self._dialer is None:
            raise RuntimeError("the HTTP client is not open")
        line = await self._dialer.dial(target.way, self.options.connect_timeout_s)
        self._ways[line] = target.way
        return line

    def drop_idle(self, target: Target) -> None:
        """A connection that was kept alive was found dead: so may be others to the same place.

        A server that restarts and a router that forgets end all of them. Nobody can tell that from
        a server that takes a request and drops it, so that it is a fault like any other.
        """
        for other in self._idle.pop(target.way, ()):
            other.close()

    def give_back(self, line: Line, *, is_finished: bool) -> None:
        """Nobody reads it any more. A finished answer's body may end behind its reader's back."""
        line.leave()
        if line.is_new:
            keep_session(line.transport)
        if self._loop is None or line.error is not None or line.is_closed:
            line.close()
        elif line.is_whole:
            self.take_back(line)
        elif is_finished:
            linger = self._lingering[line] = _Linger(line, self._loop.time() + LINGER_S)
            self.watch.add(linger, self._loop)
        else:
            line.close()

    def take_back(self, line: Line) -> None:
        """See LineOwner."""
        self._end_linger(line)
        if not line.is_kept or self._dialer is None or self._loop is None or line.is_closed:
            line.close()
            return
        line.is_new = False
        line.idle_at = self._loop.time()
        self._idle.setdefault(self._ways[line], []).append(line)
        if self._sweeping is None:
            self._sweeping = self._loop.call_later(self.options.keepalive_s, self._sweep)

    def forget(self, line: Line) -> None:
        """See LineOwner."""
        self._end_linger(line)
        way = self._ways.pop(line, None)
        idle = self._idle.get(way) if way is not None else None
        if way is not None and idle is not None and line in idle:
            idle.remove(line)
            if not idle:
                del self._idle[way]

    def _end_linger(self, line: Line) -> None:
        linger = self._lingering.pop(line, None)
        if linger is not None:
            self.watch.discard(linger)

    def _sweep(self) -> None:
        """Close what has been idle for too long."""
        self._sweeping = None
        if self._loop is None:
            return
        now = self._loop.time()
        old = [
            line
            for idle in self._idle.values()
            for line in idle
            if line.idle_at + self.options.keepalive_s <= now
        ]
        for line in old:
            line.close()
        young = [line.idle_at for idle in self._idle.values() for line in idle if line not in old]
        if young:
            self._sweeping = self._loop.call_at(min(young) + self.options.keepalive_s, self._sweep)
