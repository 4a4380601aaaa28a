"""Images that callers name by a web address, fetched for upstreams that take none.

Rules of this file:
- The address comes from a caller: nothing inside the operator's network is reached with it. A name
  is resolved once, only public addresses are taken of what it means, and those are connected to.
- Each redirect is an address like the first, and there are few.
- No credential, cookie or proxy goes along; TLS is verified; time and size are bounded.
- Whatever fails is told to the caller in a few words, and nothing of what was answered.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from cursor_api.domain.content import Image
from cursor_api.domain.errors import Fault, invalid_request
from cursor_api.options.kinds import flag
from cursor_api.options.setting import setting
from cursor_api.wire.images import ImageError, image_of

REDIRECTS_MAX: Final = 3
# From the first byte sent to the last received, redirects and all.
FETCH_S: Final = 20.0
# What vision models take at most.
IMAGE_BYTES_MAX: Final = 10 << 20
# Each may have IMAGE_BYTES_MAX in memory.
FETCHES_MAX: Final = 4
PORTS: Final = {"http": 80, "https": 443}
REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
HTTP_OK: Final = 200
CODE: Final = "invalid_image_url"
# Prefixes of IPv6 addresses that stand for an IPv4 address in their last 32 bits (RFC 6052).
_TRANSLATED: Final = IPv6Network("64:ff9b::/96")
# 6to4 (RFC 3056): routed to whatever IPv4 address is in it.
_SIX_TO_FOUR: Final = ip_network("2002::/16")


@dataclass(frozen=True, slots=True)
class ImageFetchOptions:
    """Whether addresses that callers give are fetched."""

    is_on: bool = setting(
        "GATEWAY_FETCH_IMAGES",
        flag(),
        "false",
        "Fetches images that a request gives as a web address, if the upstream accepts only the"
        " images themselves. Off by default, so that the gateway opens no address that a caller"
        " gives. Public addresses only, on ports 80 and 443, up to 10 MiB.",
        key="fetch_images",
    )


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether anybody on the internet may be meant by it."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped
        if inner is None and address in _TRANSLATED:
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
        if address in _SIX_TO_FOUR:
            return False
        if address.is_site_local:
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


class PublicResolver(AbstractResolver):
    """What a name means, but for addresses that are not public."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Raises OSError where none is left."""
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)
        results = [
            ResolveResult(
                hostname=host,
                host=str(address[0]),
                port=port,
                family=of_family,
                proto=protocol,
                flags=socket.AI_NUMERICHOST,
            )
            for of_family, _, protocol, _, address in found
            if self.accepts(str(address[0]))
        ]
        if not results:
            raise OSError("the name means no public address")
        return results

    def accepts(self, address: str) -> bool:
        """Whether an address may be connected to."""
        return is_public(ip_address(address.partition("%")[0]))

    async def close(self) -> None:
        """Nothing is open."""


class ImageFetcher:
    """Implements `linked_images.ImageSource`; to be closed at the end."""

    def __init__(
        self, resolver: PublicResolver | None = None, ports: Iterable[int] = PORTS.values()
    ) -> None:
        self._resolver = resolver or PublicResolver()
        self._ports = frozenset(ports)
        self._room = asyncio.Semaphore(FETCHES_MAX)
        self._session: aiohttp.ClientSession | None = None

    def _open_session(self) -> aiohttp.ClientSession:
        """Opened when it is first needed: most gateways fetch nothing."""
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                resolver=self._resolver, use_dns_cache=False, force_close=True
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            timeout=aiohttp.ClientTimeout(total=None),
            headers={"User-Agent": "cursor-api", "Accept": "image/*"},
            auto_decompress=False,
        )

    async def close(self) -> None:
        """Close what is open."""
        if self._session is not None:
            await self._session.close()

    async def fetch(self, url: str) -> Image:
        """See linked_images.ImageSource. The message says of the image why it cannot be had."""
        try:
            async with self._room, asyncio.timeout(FETCH_S):
                return await self._follow(url)
        except ImageError as error:
            raise _refusal(str(error)) from error
        except TimeoutError as error:
            raise _refusal(f"did not come within {FETCH_S:g} seconds") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise _refusal("cannot be fetched from there") from error

    async def _follow(self, url: str) -> Image:
        session = self._session = self._session or self._open_session()
        place = URL(url)
        for _ in range(REDIRECTS_MAX + 1):
            self._check(place)
            async with session.get(place, allow_redirects=False) as answer:
                if answer.status in REDIRECTS:
                    place = place.join(URL(answer.headers.get("location", "")))
                    continue
                if answer.status != HTTP_OK:
                    raise ImageError(f"was answered with status {answer.status}")
                if answer.headers.get("content-encoding", "identity") != "identity":
                    raise ImageError("was answered compressed")
                return image_of(await _read(answer), answer.content_type, IMAGE_BYTES_MAX)
        raise ImageError("leads on and on to other addresses")

    def _check(self, place: URL) -> None:
        """Judge what the HTTP client reads in it: another reader may find another host there."""
        host = place.raw_host
        if place.scheme not in PORTS or not host:
            raise ImageError("leads to an address that is neither http nor https")
        if place.raw_user is not None or place.raw_password is not None:
            raise ImageError("holds a name or a password")
        if place.port not in self._ports:
            raise ImageError("leads to another port than 80 or 443")
        try:
            is_accepted = self._resolver.accepts(host)
        except ValueError:
            return  # a name, which the resolver judges
        if not is_accepted:
            raise ImageError("leads to an address that is not public")


def _refusal(why: str) -> Fault:
    return invalid_request(f"An image that is named by its address {why}.", code=CODE, param=None)


async def _read(answer: aiohttp.ClientResponse) -> bytes:
    found = bytearray()
    async for piece in answer.content.iter_any():
        found += piece
        if len(found) > IMAGE_BYTES_MAX:
            raise ImageError(f"is larger than the limit of {IMAGE_BYTES_MAX} bytes")
    return bytes(found)
