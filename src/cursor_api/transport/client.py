"""The one HTTP client of all upstreams: a pool of connections, time-outs and limits.

Rules of this file:
- What leaves it is an answer or a Fault. A foreign exception becomes a Fault here, once, by the
  table in http_faults.py. Messages name the host and nothing that was sent.
- No redirect is followed: a credential goes to the address in the configuration and nowhere else.
  For the same reason no cookie is kept and no proxy is taken from the environment.
- One timer per answer, re-armed when it fires: a read costs a clock reading and no timer.
- An answer that is left before its end takes its connection with it. Nothing is drained.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import math
import ssl
from collections.abc import Mapping
from types import TracebackType
from typing import Final, Literal, Self
from urllib.parse import urlsplit

import aiohttp

from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.transport.faults import (
    FAULTS,
    NO_NEXT_BYTE,
    NO_TEXT,
    Phase,
    find_shortage,
    flaw_of_certificate,
)
from cursor_api.transport.options import HttpOptions, Timeouts, is_header_value
from cursor_api.transport.sending import ATTEMPT, Attempt, BareRequest, Body, make_socket, post

__all__ = ["Body", "HttpAnswer", "HttpClient", "HttpOptions", "Timeouts"]

# What a stream may hold that nobody has read yet; aiohttp stops reading at twice this. Upstreams
# send each frame of some 13 bytes as a chunk of its own, and each is an object of 50 bytes and more
# until it is read: 16 KiB of a stream are 64 KiB of memory.
READ_BUFFER_BYTES: Final = 1 << 13
# What one read gives. Rendered it is up to fifteen times as much, and a stream whose client reads
# slowly keeps two such pieces; a live stream's reads have some dozen bytes.
READ_BYTES_MAX: Final = 1 << 11
# How long a whole answer's connection may take to end its HTTP body before it is given up. Servers
# do so in the same or the next packet; the wait happens behind the caller's back.
LINGER_S: Final = 1.0
# An error's body comes with its head, or in the next packet.
ERROR_BODY_TIMEOUT_S: Final = 3.0
# How often an answer that is waited for is looked after. aiohttp (3.14) does not wake a reader when
# it closes a connection over a malformed chunk; without a look the idle limit would have to pass.
WATCH_S: Final = 2.0
# Within this a connection that the other side has closed says so: a round trip, with room for a
# lost packet. A request that breaks later had been taken, and its answer was being made.
STALE_S: Final = 2.0
PATIENCE: Final = Timeouts()


class HttpClient:
    """One pool of kept-alive connections for the process; an async context manager."""

    def __init__(self, options: HttpOptions) -> None:
        self.options = options
        self._open_count = 0
        self._session: aiohttp.ClientSession | None = None
        self._fresh_session: aiohttp.ClientSession | None = None
        self._lingering: dict[aiohttp.ClientResponse, asyncio.TimerHandle] = {}

    def __repr__(self) -> str:
        return f"HttpClient(open={self._open_count} of {self.options.connections_max})"

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
        connector = aiohttp.TCPConnector(
            # Counted in `take`, which refuses at once where aiohttp would queue.
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
            proxy=self.options.proxy.reveal() if self.options.proxy else None,
            request_class=BareRequest,
            timeout=aiohttp.ClientTimeout(total=None, connect=self.options.connect_timeout_s),
        )

    def open_post(
        self, url: str, headers: Mapping[str, str], body: Body, timeouts: Timeouts = PATIENCE
    ) -> HttpAnswer:
        """An answer not yet asked for; `async with` asks.

        `headers` are sent as they are. Entering and reading raise Fault and nothing else.
        """
        return HttpAnswer(self, url, headers, body, timeouts)

    def take(self) -> None:
        """Only for HttpAnswer: one more is open; raises Fault(OVERLOADED) above the limit."""
        if self._open_count >= self.options.connections_max:
            raise Fault(
                FaultKind.OVERLOADED,
                f"The gateway has {self._open_count} upstream requests open, and allows no more.",
            )
        self._open_count += 1

    def give_back(self) -> None:
        """Only for HttpAnswer: one less is open."""
        self._open_count -= 1

    def linger(self, response: aiohttp.ClientResponse) -> None:
        """Only for HttpAnswer: wait for the body's end behind the back of its reader.

        When it comes, aiohttp itself gives the connection back; what follows the answer is dropped.
        """
        timer = asyncio.get_running_loop().call_later(LINGER_S, self._give_up, response)
        self._lingering[response] = timer
        response.content.on_eof(functools.partial(self._give_up, response))

    def _give_up(self, response: aiohttp.ClientResponse) -> None:
        self._lingering.pop(response).cancel()
        # Where the end has come, there is nothing left to close.
        response.close()

    async def send(
        self, url: str, headers: Mapping[str, str], body: Body, asked_at: float
    ) -> aiohttp.ClientResponse:
        """Only for HttpAnswer: the answer's head. `asked_at` is the loop's time now.

        A connection that was kept alive may have been closed by the other side at the moment it
        was taken. Where it ends at once, before any byte of an answer, the request is sent once
        more, on a new connection. That is safe: nobody has seen anything of the first answer, the
        request carries the same ids, a chat answer changes nothing upstream that a caller could
        observe twice, and failover would repeat it anyway, at the cost of blaming an endpoint that
        did nothing wrong. What breaks later, or on a new connection, is a fault like any other.
        """
        if self._session is None or self._fresh_session is None:
            raise RuntimeError("the HTTP client is not open")
        attempt = Attempt()
        token = ATTEMPT.set(attempt)
        try:
            return await post(self._session, url, headers, body)
        except aiohttp.ClientConnectorError:
            raise  # there was no connection yet that could have been stale
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError, ConnectionError) as error:
            is_late = asyncio.get_running_loop().time() > asked_at + STALE_S
            if attempt.has_new_socket or is_late or _has_begun(error):
                raise
        finally:
            ATTEMPT.reset(token)
        return await post(self._fresh_session, url, headers, body)


def _has_begun(error: BaseException) -> bool:
    """Whether part of an answer's head had come."""
    return isinstance(error, aiohttp.ServerDisconnectedError) and not isinstance(error.message, str)


class HttpAnswer:
    """One request and its answer: enter it, read it, leave it."""

    __slots__ = (
        "_asker",
        "_body",
        "_client",
        "_content",
        "_deadline",
        "_first_token_at",
        "_has_begun",
        "_headers",
        "_is_finished",
        "_is_late",
        "_loop",
        "_patience",
        "_response",
        "_rest",
        "_timer",
        "_url",
        "headers",
        "status",
    )

    headers: Mapping[str, str]
    status: int

    def __init__(
        self,
        client: HttpClient,
        url: str,
        headers: Mapping[str, str],
        body: Body,
        timeouts: Timeouts,
    ) -> None:
        self._client = client
        self._url = url
        self._headers = headers
        self._body = body
        self._patience = timeouts
        self._timer: asyncio.TimerHandle | None = None
        # Who waits for the answer's head; None once it is here.
        self._asker: asyncio.Task[object] | None = None
        self._deadline = math.inf
        self._has_begun = False
        self._is_finished = False
        self._is_late = False
        # What came in the last read beyond READ_BYTES_MAX.
        self._rest = memoryview(b"")

    async def __aenter__(self) -> Self:
        if not is_header_value("".join(self._headers.values())):
            raise Fault(FaultKind.INTERNAL, "A header holds characters that headers may not have.")
        self._client.take()
        # Asked for once, which is a system call in Python 3.11.
        self._loop = asyncio.get_running_loop()
        asked_at = self._loop.time()
        self._deadline = self._first_token_at = asked_at + self._patience.first_token_s
        self._asker = asyncio.current_task(self._loop)
        self._arm()
        try:
            response = await self._client.send(self._url, self._headers, self._body, asked_at)
        except Exception as error:
            self._leave()
            raise self._fault(Phase.OPENING, error) from error
        except BaseException as error:
            self._leave()
            if self._is_late and self._asker is not None and self._asker.uncancel() == 0:
                # It was our own timer that cancelled this task, and nobody else.
                raise self._fault(Phase.OPENING, TimeoutError()) from error
            raise
        # Sent: not to be kept for as long as the answer lasts.
        self._body = b""
        self._headers = {}
        self._response = response
        self._content = response.content
        self.status = response.status
        self.headers = response.headers
        self._asker = None
        return self

    def _leave(self) -> None:
        self._client.give_back()
        if self._timer is not None:
            self._timer.cancel()

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._leave()
        if self._content.is_eof():
            return  # aiohttp has given the connection back already
        if not self._is_finished:
            self._response.close()
            return
        self._client.linger(self._response)

    async def read(self) -> bytes:
        """What has come, at least one byte and READ_BYTES_MAX at most; b"" at the body's end.

        Raises Fault: INCOMPLETE, UPSTREAM_TIMEOUT.
        """
        if self._rest:
            return self._next_of(self._rest)
        if self._has_begun:
            self._deadline = self._loop.time() + self._patience.idle_s
        else:
            self._deadline = self._first_token_at
        try:
            data = await self._content.readany()
        except Exception as error:
            raise self._fault(Phase.READING, error) from error
        # Until the next read nobody waits: a slow reader is not the upstream's silence.
        self._deadline = math.inf
        return data if len(data) <= READ_BYTES_MAX else self._next_of(memoryview(data))

    def _next_of(self, data: memoryview) -> bytes:
        self._rest = data[READ_BYTES_MAX:]
        return bytes(data[:READ_BYTES_MAX])

    def begin(self) -> None:
        """Say that the first text is here: from now on only silence is too long."""
        self._has_begun = True

    async def read_error_body(self, bytes_max: int) -> bytes:
        """At most the first `bytes_max` bytes of the body, or what came of it; raises no Fault.

        The status has said already that the answer failed: a body that stalls or breaks only says
        less about why.
        """
        body = b""
        with contextlib.suppress(Fault, TimeoutError):
            async with asyncio.timeout(ERROR_BODY_TIMEOUT_S):
                while len(body) < bytes_max and (data := await self.read()):
                    body += data
        return body[:bytes_max]

    def finish(self) -> None:
        """Say that nothing more is needed: the connection is kept if its body ends soon."""
        self._is_finished = True

    def _arm(self) -> None:
        # Never later than a deadline that a read may set before the timer fires.
        look_s = min(WATCH_S, self._patience.idle_s)
        look_at = min(self._deadline, self._loop.time() + look_s)
        self._timer = self._loop.call_at(look_at, self._on_timer)

    def _on_timer(self) -> None:
        is_waited_for = self._deadline < math.inf
        self._is_late = self._loop.time() >= self._deadline
        if self._asker is not None:
            if self._is_late:
                self._asker.cancel()
            else:
                self._arm()
            return
        connection = self._response.connection
        is_lost = is_waited_for and (connection is None or connection.closed)
        if self._is_late or (is_lost and not self._content.is_eof()):
            # Wakes the reader with an exception, and frees the socket at once.
            self._response.close()
        else:
            self._arm()

    def _fault(self, phase: Phase, error: Exception) -> Fault:
        if self._is_late:
            message = NO_NEXT_BYTE if self._has_begun else NO_TEXT
            return self._told(FaultKind.UPSTREAM_TIMEOUT, message)
        own = find_shortage(error, self._host) if phase is Phase.OPENING else None
        if own is not None:
            return own
        row = next(row for row in FAULTS[phase] if isinstance(error, row.error))
        return self._told(row.kind, row.message, flaw_of_certificate(error))

    @property
    def _host(self) -> str:
        return urlsplit(self._url).hostname or "The upstream"

    def _told(self, kind: FaultKind, message: str, flaw: str = "") -> Fault:
        return Fault(
            kind,
            message.format(
                host=self._host,
                flaw=flaw,
                connect_timeout_s=self._client.options.connect_timeout_s,
                first_token_s=self._patience.first_token_s,
                idle_s=self._patience.idle_s,
            ),
        )
