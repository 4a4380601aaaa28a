"""Where aiohttp is made to do what it does not do by itself.

It does not say whether a request went out on a new connection or on one that was kept alive; but it
asks for a socket for a new connection, and for an old one it does not. The context of the task that
sends is how the socket is known to belong to the request.
"""

from __future__ import annotations

import asyncio
import functools
import socket
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextvars import ContextVar
from http import HTTPStatus
from typing import Any, Final, TypeAlias

import aiohttp
from aiohttp import AddrInfoType, ClientRequest
from aiohttp.client_proto import ResponseHandler
from aiohttp.http_exceptions import HttpProcessingError

# A large one comes in pieces, and leaves as they are.
Body: TypeAlias = bytes | Sequence[bytes]
# aiohttp warns where one bytes object above this is given to it, and takes any in pieces.
ONE_PIECE_BYTES_MAX: Final = 1 << 20
# Interim answers (1xx) to one request. A server has one or two to give (100, 103), and aiohttp
# reads them for as long as they come: without a bound a flood is memory and everybody's time.
INTERIM_MAX: Final = 8


class SocketUse:
    """Whether a socket was made for a request, or an old one taken."""

    __slots__ = ("is_new",)

    def __init__(self) -> None:
        self.is_new = False


SOCKET_USE: ContextVar[SocketUse | None] = ContextVar("socket_use", default=None)


def make_socket(address: AddrInfoType) -> socket.socket:
    """How aiohttp makes a socket, which is also the only sign that a connection is new."""
    use = SOCKET_USE.get()
    if use is not None:
        use.is_new = True
    family, kind, protocol, _, _ = address
    return socket.socket(family, kind, protocol)


class BoundedHandler(ResponseHandler):
    """aiohttp's side of a connection, which gives up where no answer follows the interim ones."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self._interim_count = 0

    def feed_data(self, data: Any, size: int = 0) -> None:
        """The head of an answer, of all that came in one read one by one."""
        code: int = data[0].code
        if code >= HTTPStatus.OK or code == HTTPStatus.SWITCHING_PROTOCOLS:
            self._interim_count = 0
        elif self._interim_count == INTERIM_MAX:
            if self.transport is not None:
                self.transport.abort()
                self.set_exception(HttpProcessingError(message="too many interim answers"))
            return
        else:
            self._interim_count += 1
        super().feed_data(data, size)


class BoundedConnector(aiohttp.TCPConnector):
    """aiohttp's pool of connections, each of which is a BoundedHandler."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        make: type[ResponseHandler] = BoundedHandler
        self._factory = functools.partial(make, loop=self._loop)


class BareRequest(ClientRequest):
    """Only what a caller of open_post names is sent, besides Host and Content-Length.

    That is, where it names a Content-Type. aiohttp's own way, a list of names to leave out, takes
    6 us of each request.
    """

    def update_auto_headers(self, _skip_auto_headers: object) -> None:
        """Add none."""


async def send(
    session: aiohttp.ClientSession,
    url: str,
    headers: Mapping[str, str],
    body: Body | None,
    proxy: str | None = None,
) -> aiohttp.ClientResponse:
    """The answer's head, to a POST or, without a body, to a GET; can be called again."""
    if isinstance(body, bytes) and len(body) <= ONE_PIECE_BYTES_MAX:
        return await session.post(
            url, data=body, headers=headers, allow_redirects=False, proxy=proxy
        )
    if body is None:
        return await session.get(url, headers=headers, allow_redirects=False, proxy=proxy)
    pieces = [body] if isinstance(body, bytes) else body
    # Else it would be sent in chunks, of which the upstream may think otherwise.
    sized = {**headers, "Content-Length": str(sum(map(len, pieces)))}
    return await session.post(
        url, data=_follow(pieces), headers=sized, allow_redirects=False, proxy=proxy
    )


async def _follow(pieces: Iterable[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece
