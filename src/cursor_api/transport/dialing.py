"""New connections: names to addresses, TCP, proxies, TLS; each way to fail is an error of its own.

Rules of this file:
- A connection is made within its limit or not at all; what a cancelled one has opened is closed.
- Certificates are verified: see tls.py.
"""

from __future__ import annotations

import asyncio
import functools
import ipaddress
import socket
import ssl
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, TypeAlias

import aiohappyeyeballs

from cursor_api.transport.errors import (
    CertificateError,
    ConnectTimeoutError,
    HandshakeError,
    LostError,
    NoAddressError,
    NotHttpError,
    ProxyRefusedError,
    ProxyUnreachableError,
    UnreachableError,
)
from cursor_api.transport.line import Line, LineOwner
from cursor_api.transport.target import Place, Proxy, Way
from cursor_api.transport.tls import UpstreamTls, make_tls, system_tls

# How long what a name means is taken for known: a burst of connections asks once.
KNOWN_S: Final = 10.0
# Until the next address of a name is tried beside the one before (RFC 8305).
NEXT_ADDRESS_S: Final = 0.25

Address: TypeAlias = tuple[
    int | socket.AddressFamily, int | socket.SocketKind, int, str, tuple[object, ...]
]


@functools.lru_cache(maxsize=64)
def _numeric_family(host: str) -> socket.AddressFamily | None:
    """Of an address; None for a name."""
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        return None
    return socket.AF_INET if ip.version == 4 else socket.AF_INET6  # noqa: PLR2004 - of IP


class Names:
    """What names mean; each is asked for once at a time."""

    def __init__(self) -> None:
        self._asked: dict[tuple[str, int], asyncio.Task[Sequence[Address]]] = {}

    async def find(self, place: Place) -> Sequence[Address]:
        """The addresses of a place; raises NoAddressError."""
        family = _numeric_family(place.host)
        if family is None:
            return await self._ask(place.host, place.port)
        return [(family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (place.host, place.port))]

    async def _ask(self, host: str, port: int) -> Sequence[Address]:
        loop = asyncio.get_running_loop()
        key = (host, port)
        asking = self._asked.get(key)
        if asking is None:
            asking = self._asked[key] = loop.create_task(self._resolve(host, port))
            asking.add_done_callback(functools.partial(self._forget, key, loop))
        try:
            # Others may wait for it too.
            return await asyncio.shield(asking)
        except (OSError, UnicodeError) as error:
            raise NoAddressError from error

    async def _resolve(self, host: str, port: int) -> Sequence[Address]:
        return await asyncio.get_running_loop().getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG
        )

    def _forget(
        self,
        key: tuple[str, int],
        loop: asyncio.AbstractEventLoop,
        asked: asyncio.Future[Sequence[Address]],
    ) -> None:
        if asked.cancelled() or asked.exception() is not None:
            self._asked.pop(key, None)
        else:
            loop.call_later(KNOWN_S, self._asked.pop, key, None)


class Dialer:
    """Makes lines for an owner."""

    def __init__(self, owner: LineOwner, ca_file: Path | None, names: Names | None = None) -> None:
        self._owner = owner
        self._names = names or Names()
        # Read at the start where there is one, so that a wrong file stops it.
        self._tls = None if ca_file is None else make_tls(ca_file)

    async def dial(self, way: Way, limit_s: float) -> Line:
        """A new line; raises the errors of errors.py."""
        try:
            async with asyncio.timeout(limit_s):
                if way.proxy is None:
                    return await self._open(way.place)
                if way.place.is_tls:
                    return await self._tunnel(way.place, way.proxy)
                return await self._open_proxy(way.proxy)
        except TimeoutError as error:
            raise ConnectTimeoutError from error

    async def _find_tls(self) -> UpstreamTls:
        if self._tls is None:
            loop = asyncio.get_running_loop()
            self._tls = await loop.run_in_executor(None, system_tls)
        return self._tls

    async def _open(self, place: Place) -> Line:
        addresses = await self._names.find(place)
        if len(addresses) == 1:
            # The loop knows a numeric address; to connect a socket of ours, it would ask a thread.
            host, port = addresses[0][4][:2]
            return await self._connect(place, host=host, port=port)
        sock = await _race(addresses)
        try:
            return await self._connect(place, sock=sock)
        except BaseException:
            sock.close()
            raise

    async def _connect(self, place: Place, **where: Any) -> Line:
        loop = asyncio.get_running_loop()
        line = Line(loop, self._owner)
        tls = await self._find_tls() if place.is_tls else None
        hostname = place.host if tls else None
        try:
            await loop.create_connection(lambda: line, ssl=tls, server_hostname=hostname, **where)
        except OSError as error:
            raise _connection_error(error) from error
        except asyncio.CancelledError:
            line.abandon()
            raise
        return line

    async def _open_proxy(self, proxy: Proxy) -> Line:
        try:
            return await self._open(proxy.place)
        except (UnreachableError, NoAddressError) as error:
            os_error = getattr(error, "os_error", OSError(str(error)))
            raise ProxyUnreachableError(os_error) from error

    async def _tunnel(self, place: Place, proxy: Proxy) -> Line:
        """A line through the proxy, which is asked for a connection first."""
        tls = await self._find_tls()
        outer = await self._open_proxy(proxy)
        authority = f"[{place.host}]" if ":" in place.host else place.host
        where = f"{authority}:{place.port}"
        head = f"CONNECT {where} HTTP/1.1\r\nHost: {where}\r\n".encode("ascii")
        try:
            await outer.ask(head + proxy.authorization + b"\r\n", b"")
            _check_tunnel(outer.status)
            return await self._wrap(outer, tls, place.host)
        except (LostError, NotHttpError) as error:
            outer.close()
            raise ProxyRefusedError from error
        except BaseException:
            outer.close()
            raise

    async def _wrap(self, outer: Line, tls: UpstreamTls, host: str) -> Line:
        loop = asyncio.get_running_loop()
        line = Line(loop, self._owner)
        try:
            transport = await loop.start_tls(outer.transport, line, tls, server_hostname=host)
        except OSError as error:
            raise _connection_error(error) from error
        if transport is None:
            raise HandshakeError
        line.connection_made(transport)
        return line


async def _race(addresses: Sequence[Address]) -> socket.socket:
    """Connected to the first of them that answers; raises UnreachableError."""
    try:
        return await aiohappyeyeballs.start_connection(
            list(addresses),
            happy_eyeballs_delay=NEXT_ADDRESS_S,
            interleave=1,
        )
    except OSError as error:
        raise UnreachableError(error) from error


def _check_tunnel(status: int) -> None:
    if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        raise ProxyRefusedError(f"status {status}")


def _connection_error(error: OSError) -> HandshakeError | UnreachableError:
    if isinstance(error, ssl.SSLCertVerificationError):
        return CertificateError(error)
    if isinstance(error, ssl.SSLError):
        return HandshakeError(str(error))
    return UnreachableError(error)
