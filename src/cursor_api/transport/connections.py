"""The connections to all upstreams: kept alive, counted, each request sent on one of them.

Rules of this file:
- No redirect is followed: a credential goes to the address in the configuration and nowhere else.
  For the same reason no cookie is kept, and no proxy is used but the one that the settings found.
- A request is sent once. What is sent again is decided where attempts are counted.
"""

from __future__ import annotations

import asyncio
import functools
import math
import ssl
from collections.abc import Mapping
from types import TracebackType
from typing import Final, Literal, Self

import aiohttp

from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.transport.options import HttpOptions
from cursor_api.transport.sending import (
    SOCKET_USE,
    BareRequest,
    Body,
    BoundedConnector,
    SocketUse,
    make_socket,
    send,
)

# What a stream may hold that nobody has read yet; aiohttp stops reading at twice this. Upstreams
# send each frame of some 13 bytes as a chunk of its own, and each is an object of 50 bytes and more
# until it is read: 16 KiB of a stream are 64 KiB of memory.
READ_BUFFER_BYTES: Final = 1 << 13
# How long a whole answer's connection may take to end its HTTP body before it is given up. Servers
# do so in the same or the next packet; the wait happens behind the caller's back.
LINGER_S: Final = 1.0
# An upstream has a handful of addresses, and all their requests go the same way.
PROXY_ANSWERS_KEPT: Final = 64
# How long requests get new connections after a kept one was found dead: for the attempts that
# follow in the same request, and those of the others that come meanwhile.
FRESH_S: Final = 5.0


class Connections:
    """Which answers are open, on connections that are kept alive; an async context manager."""

    def __init__(self, options: HttpOptions) -> None:
        self.options = options
        self._open_count = 0
        self._session: aiohttp.ClientSession | None = None
        self._fresh_session: aiohttp.ClientSession | None = None
        self._fresh_until = -math.inf
        self._lingering: dict[aiohttp.ClientResponse, asyncio.TimerHandle] = {}
        self._find_proxy = functools.lru_cache(PROXY_ANSWERS_KEPT)(self._choose_proxy)

    def __repr__(self) -> str:
        return f"Connections(open={self._open_count} of {self.options.connections_max})"

    @property
    def open_count(self) -> int:
        """Answers being waited for or read."""
        return self._open_count

    async def __aenter__(self) -> Self:
        tls: ssl.SSLContext | Literal[True] = True
        if self.options.ca_file is not None:
            tls = ssl.create_default_context()
            tls.load_verify_locations(cafile=self.options.ca_file)
            tls.set_alpn_protocols(["http/1.1"])
        self._session = self._new_session(tls, is_pooled=True)
        self._fresh_session = self._new_session(tls, is_pooled=False)
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        for response in tuple(self._lingering):
            self._give_up(response)
        for session in (self._session, self._fresh_session):
            if session is not None:
                await session.close()
        self._session = self._fresh_session = None

    def _new_session(
        self, tls: ssl.SSLContext | Literal[True], *, is_pooled: bool
    ) -> aiohttp.ClientSession:
        connector = BoundedConnector(
            # Counted in `acquire`, which refuses at once where aiohttp would queue.
            limit=0,
            ssl=tls,
            force_close=not is_pooled,
            keepalive_timeout=self.options.keepalive_s if is_pooled else None,
            socket_factory=make_socket,
        )
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            read_bufsize=READ_BUFFER_BYTES,
            request_class=BareRequest,
            timeout=aiohttp.ClientTimeout(total=None, connect=self.options.connect_timeout_s),
        )

    def _choose_proxy(self, url: str) -> str | None:
        proxy = self.options.find_proxy(url)
        return proxy.reveal() if proxy else None

    def acquire(self) -> None:
        """One more answer is open; raises Fault(OVERLOADED) above the limit."""
        if self._open_count >= self.options.connections_max:
            raise Fault(
                FaultKind.OVERLOADED,
                f"The gateway has {self._open_count} upstream requests open, and allows no more.",
            )
        self._open_count += 1

    def release(self) -> None:
        """One less is open."""
        self._open_count -= 1

    def linger(self, response: aiohttp.ClientResponse) -> None:
        """Wait for the body's end behind the back of its reader.

        When it comes, aiohttp itself gives the connection back; what follows the answer is dropped.
        """
        timer = asyncio.get_running_loop().call_later(LINGER_S, self._give_up, response)
        self._lingering[response] = timer
        response.content.on_eof(functools.partial(self._give_up, response))

    def _give_up(self, response: aiohttp.ClientResponse) -> None:
        self._lingering.pop(response).cancel()
        # Where the end has come, there is nothing left to close.
        response.close()

    async def ask(
        self, url: str, headers: Mapping[str, str], body: Body | None, asked_at: float
    ) -> aiohttp.ClientResponse:
        """Send a request and wait for its answer's head. `asked_at` is the loop's time now.

        A connection that was kept alive may have been closed by the other side at the moment it
        was taken. Nobody can tell that from a server that takes a request and drops it, so that it
        is a fault like any other: what is asked again is counted and paid for where attempts are.
        But others that were kept may have gone the same way (a server that restarts, a router that
        forgets), and so for a while each request gets a new connection.
        """
        if self._session is None or self._fresh_session is None:
            raise RuntimeError("the HTTP client is not open")
        proxy = self._find_proxy(url)
        if asked_at < self._fresh_until:
            return await send(self._fresh_session, url, headers, body, proxy)
        use = SocketUse()
        token = SOCKET_USE.set(use)
        try:
            return await send(self._session, url, headers, body, proxy)
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError, ConnectionError):
            if not use.is_new:
                self._fresh_until = asyncio.get_running_loop().time() + FRESH_S
            raise
        finally:
            SOCKET_USE.reset(token)
