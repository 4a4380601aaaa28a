"""Whose request it is that a proxy brings.

`X-Forwarded-For` is anybody's word but for what trusted proxies have written at its end: each adds
the address that it was called from. So it is read from there, and no further than they have
written; where there is nothing to be read, the address is the connection's.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address

from cursor_api.options.addresses import TrustedProxies
from cursor_api.web.server.serving import Scope

HEADER = b"x-forwarded-for"
# Longer chains of proxies are made up.
HOPS_MAX = 32
# An IPv6 address with a zone, brackets and a port.
_ENTRY_BYTES_MAX = 64

Address = IPv4Address | IPv6Address


def find_caller(scope: Scope, trusted: TrustedProxies) -> str:
    """The address that a request comes from, as far as it can be believed; "" is unknown."""
    client = scope.get("client")
    peer: str = client[0] if client else ""
    if not trusted.is_any:
        return peer
    if trusted.hop_count:
        entries = _read_entries(scope["headers"])
        if len(entries) < trusted.hop_count:
            return peer
        caller = _parse(entries[-trusted.hop_count])
        return peer if caller is None else str(caller)
    if _is_trusted(_parse(peer.encode()), trusted):
        for entry in reversed(_read_entries(scope["headers"])):
            address = _parse(entry)
            if address is None:
                break
            peer = str(address)
            if not _is_trusted(address, trusted):
                break
    return peer


def _read_entries(headers: Iterable[tuple[bytes, bytes]]) -> list[bytes]:
    values = [value for name, value in headers if name == HEADER]
    if not values:
        return []
    return b",".join(values).rsplit(b",", HOPS_MAX)[-HOPS_MAX:]


def _is_trusted(address: Address | None, trusted: TrustedProxies) -> bool:
    return address is not None and any(address in network for network in trusted.networks)


@lru_cache(maxsize=4096)
def _parse(entry: bytes) -> Address | None:
    """An address with or without a port; IPv4 where it is only wrapped into IPv6."""
    if len(entry) > _ENTRY_BYTES_MAX:
        return None
    text = entry.decode("latin-1").strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped: IPv4Address | None = getattr(address, "ipv4_mapped", None)
    return mapped or address
