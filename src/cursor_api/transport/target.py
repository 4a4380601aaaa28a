"""Where a request goes: its address, taken apart once."""

from __future__ import annotations

import base64
import functools
from typing import Final, NamedTuple
from urllib.parse import unquote_to_bytes, urlsplit

from msgspec import Struct

from cursor_api.transport.options import is_header_value

# An upstream has a handful of addresses; lists of models are asked for page by page.
KNOWN_MAX: Final = 64
PORTS: Final = {"http": 80, "https": 443}


class Place(NamedTuple):
    """What is connected to. A name or an address, IPv6 without brackets."""

    host: str
    port: int
    is_tls: bool


class Proxy(Struct, frozen=True):
    """A proxy, and the header with its name and password; b"" where it has none."""

    place: Place
    authorization: bytes


class Way(Struct, frozen=True):
    """What a connection leads to, and through which proxy; None: directly.

    Requests that go the same way may share a connection.
    """

    place: Place
    proxy: Proxy | None


class Target(Struct, frozen=True):
    """An address: the way to it, and the first lines of a head for it."""

    way: Way
    post: bytes
    get: bytes


@functools.lru_cache(KNOWN_MAX)
def find_target(url: str, proxy_url: str | None) -> Target:
    """Take an address apart; raises ValueError for one that cannot be asked."""
    if not is_header_value(url) or " " in url:
        raise ValueError("the address holds characters that it may not have")
    parts = urlsplit(url)
    place = _place(url)
    authority = parts.netloc.rpartition("@")[2]
    path = parts.path or "/"
    if parts.query:
        path = f"{path}?{parts.query}"
    proxy = None if proxy_url is None else _proxy(proxy_url)
    more = b""
    if proxy is not None and not place.is_tls:
        # What is not tunnelled is asked of the proxy itself, in absolute form.
        path = f"{parts.scheme}://{authority}{path}"
        more = proxy.authorization
    tail = f" {path} HTTP/1.1\r\nHost: {authority}\r\n".encode("ascii") + more
    return Target(Way(place, proxy), b"POST" + tail, b"GET" + tail)


def _place(url: str) -> Place:
    parts = urlsplit(url)
    if parts.scheme not in PORTS or not parts.hostname:
        raise ValueError("the address is neither http nor https")
    return Place(parts.hostname, parts.port or PORTS[parts.scheme], parts.scheme == "https")


def _proxy(url: str) -> Proxy:
    user, at, _ = urlsplit(url).netloc.rpartition("@")
    if not at:
        return Proxy(_place(url), b"")
    name, _, password = user.partition(":")
    # A colon parts them in the header too, so that it may be in the password alone.
    said = unquote_to_bytes(name) + b":" + unquote_to_bytes(password)
    return Proxy(_place(url), b"Proxy-Authorization: Basic %b\r\n" % base64.b64encode(said))
