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
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final
from urllib.parse import quote, urljoin, urlsplit

from msgspec import Struct

from cursor_api.domain.content import Image
from cursor_api.domain.errors import Fault, invalid_request
from cursor_api.options.kinds import flag
from cursor_api.options.setting import setting
from cursor_api.transport.client import HttpClient, HttpOptions
from cursor_api.transport.dialing import Address, Names
from cursor_api.transport.errors import NoAddressError
from cursor_api.transport.target import PORTS, Place
from cursor_api.wire.images import ImageError, image_of

REDIRECTS_MAX: Final = 3
# From the first byte sent to the last received, redirects and all.
FETCH_S: Final = 20.0
# What vision models take at most.
IMAGE_BYTES_MAX: Final = 10 << 20
# Each may have IMAGE_BYTES_MAX in memory.
FETCHES_MAX: Final = 4
# Those that are signed are the longest.
URL_CHARS_MAX: Final = 8192
# Each address is asked on a connection of its own.
HEADERS: Final = {
    "User-Agent": "cursor-api",
    "Accept": "image/*",
    "Accept-Encoding": "identity",
    "Connection": "close",
}
# What a path and a query may have as it is; of the rest percent signs and digits are made.
_KEPT: Final = "/?:@!$&'()*+,;=%"
REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
HTTP_OK: Final = 200
CODE: Final = "invalid_image_url"
# Prefixes of IPv6 addresses that stand for an IPv4 address in their last 32 bits (RFC 6052).
_TRANSLATED: Final = IPv6Network("64:ff9b::/96")
# 6to4 (RFC 3056): routed to whatever IPv4 address is in it.
_SIX_TO_FOUR: Final = ip_network("2002::/16")
# Where clouds answer their own machines, of ranges that are everybody's: Azure (WireServer) and
# Oracle (its older metadata; Python before 3.11.10 takes most of this range for public).
_OF_CLOUDS: Final = (ip_network("168.63.129.16/32"), ip_network("192.0.0.0/24"))


class ImageFetchOptions(Struct, frozen=True):
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
    if any(address in network for network in _OF_CLOUDS):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


class PublicNames(Names):
    """What names mean, but for addresses that are not public."""

    async def find(self, place: Place) -> Sequence[Address]:
        """Raises NoAddressError where none is left. What it gives is what is connected to."""
        found = await super().find(place)
        public = [address for address in found if self.accepts(str(address[4][0]))]
        if not public:
            raise NoAddressError
        return public

    def accepts(self, address: str) -> bool:
        """Whether an address may be connected to."""
        return is_public(ip_address(address.partition("%")[0]))


class ImageFetcher:
    """Implements `linked_images.ImageSource`. Nothing is open between two images."""

    def __init__(
        self, names: PublicNames | None = None, ports: Iterable[int] = PORTS.values()
    ) -> None:
        self._names = names or PublicNames()
        self._ports = frozenset(ports)
        self._room = asyncio.Semaphore(FETCHES_MAX)

    async def fetch(self, url: str) -> Image:
        """See linked_images.ImageSource. The message says of the image why it cannot be had."""
        try:
            async with (
                self._room,
                asyncio.timeout(FETCH_S),
                HttpClient(HttpOptions(proxy=None), names=self._names) as http,
            ):
                return await self._follow(http, url)
        except ImageError as error:
            raise _refusal(str(error)) from error
        except TimeoutError as error:
            raise _refusal(f"did not come within {FETCH_S:g} seconds") from error
        except (Fault, ValueError) as error:
            raise _refusal("cannot be fetched from there") from error

    async def _follow(self, http: HttpClient, url: str) -> Image:
        for _ in range(REDIRECTS_MAX + 1):
            url = self._check(url)
            async with http.open_get(url, HEADERS) as answer:
                if answer.status in REDIRECTS:
                    url = urljoin(url, answer.headers.get("location", ""))
                    continue
                if answer.status != HTTP_OK:
                    raise ImageError(f"was answered with status {answer.status}")
                if answer.headers.get("content-encoding", "identity") != "identity":
                    raise ImageError("was answered compressed")
                media_type = answer.headers.get("content-type", "").partition(";")[0]
                data = await answer.read_whole(IMAGE_BYTES_MAX)
                if data is None:
                    raise ImageError(f"is larger than the limit of {IMAGE_BYTES_MAX} bytes")
                return image_of(data, media_type.strip().lower(), IMAGE_BYTES_MAX)
        raise ImageError("leads on and on to other addresses")

    def _check(self, url: str) -> str:
        """The address made of what was read in it, so that no other reader finds another host.

        Raises ImageError and ValueError.
        """
        if len(url) > URL_CHARS_MAX:
            raise ImageError(f"has more than {URL_CHARS_MAX} characters")
        parts = urlsplit(url)
        if parts.scheme not in PORTS or not parts.hostname:
            raise ImageError("leads to an address that is neither http nor https")
        if "@" in parts.netloc:
            raise ImageError("holds a name or a password")
        port = PORTS[parts.scheme] if parts.port is None else parts.port
        if port not in self._ports:
            raise ImageError("leads to another port than 80 or 443")
        # Other digits and full stops than ASCII's become those of an address here.
        host = parts.hostname.encode("idna").decode("ascii")
        if _is_refused(host, self._names):
            raise ImageError("leads to an address that is not public")
        where = f"[{host}]" if ":" in host else host
        if port != PORTS[parts.scheme]:
            where = f"{where}:{port}"
        query = f"?{quote(parts.query, _KEPT)}" if parts.query else ""
        return f"{parts.scheme}://{where}{quote(parts.path, _KEPT)}{query}"


def _is_refused(host: str, names: PublicNames) -> bool:
    """Whether it is an address, and none that is taken; names are judged by what they mean."""
    try:
        return not names.accepts(host)
    except ValueError:
        return False


def _refusal(why: str) -> Fault:
    return invalid_request(f"An image that is named by its address {why}.", code=CODE, param=None)
