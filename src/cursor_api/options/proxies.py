"""Which HTTP proxy leads to an upstream: its own setting's, or one that the machine names for all.

Rules of this file:
- The variables are read as other programs read them: those in small letters win, the scheme of the
  address chooses, ALL_PROXY stands in, NO_PROXY excepts.
- Nothing on this machine itself is asked through a proxy that the machine names for all.
- An address of a proxy is a secret as a whole; what is shown of it has no name and no password.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from msgspec import Struct

from cursor_api.domain.credential import Secret
from cursor_api.options.addresses import is_loopback, mask_user, quote_url, split_url
from cursor_api.options.kinds import Kind
from cursor_api.options.said import tell, told_by

# By the scheme of the address that is asked, the first that is set.
VARIABLES: Final = {"https": ("HTTPS_PROXY", "ALL_PROXY"), "http": ("HTTP_PROXY", "ALL_PROXY")}
EXCEPTIONS: Final = "NO_PROXY"
# In place of a proxy's address.
NO_PROXY_AT_ALL: Final = "none"
_PORTS: Final = {"https": 443, "http": 80}


class NamedProxy(Struct, frozen=True):
    """A proxy and the variable that names it; `url` None where there is a `flaw`."""

    variable: str
    url: Secret | None
    flaw: str = ""

    def __str__(self) -> str:
        shown = mask_user(self.url.reveal()) if self.url else "cannot be used"
        return f"{shown} ({self.variable})"


class SharedProxies(Struct, frozen=True):
    """The proxies of the machine, by the scheme of what is asked, and the exceptions of NO_PROXY.

    With none of them every address is asked directly.
    """

    by_scheme: tuple[tuple[str, NamedProxy], ...] = ()
    exceptions: tuple[str, ...] = ()

    def __str__(self) -> str:
        # One that stands in for both is shown once.
        named = dict.fromkeys(str(proxy) for _, proxy in self.by_scheme)
        return ", ".join(named) or NO_PROXY_AT_ALL

    def find(self, url: str) -> NamedProxy | None:
        """The one that leads to an address; None where it is asked directly."""
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".")
        proxy = dict(self.by_scheme).get(parts.scheme)
        if proxy is None or is_loopback(host) or self._excepts(parts, host):
            return None
        return proxy

    def _excepts(self, parts: SplitResult, host: str) -> bool:
        port = parts.port or _PORTS.get(parts.scheme)
        return any(_fits(entry, host, port) for entry in self.exceptions)


def _fits(entry: str, host: str, port: int | None) -> bool:
    """Whether an entry of NO_PROXY has this host: a name and all below it, an address, a network.

    Behind any of them but a network may stand a port.
    """
    network = _find_network(entry)
    if network is None:
        bare, colon, named_port = entry.rpartition(":")
        if colon and named_port.isdecimal():
            if int(named_port) != port:
                return False
            entry = bare
        network = _find_network(entry)
    if network is not None:
        try:
            return ipaddress.ip_address(host) in network
        except ValueError:
            return False
    name = entry.removeprefix("*").removeprefix(".").rstrip(".")
    return entry == "*" or (name != "" and (host == name or host.endswith(f".{name}")))


def _find_network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text.strip("[]"), strict=False)
    except ValueError:
        return None


def find_shared_proxies(
    _values: Mapping[str, Any], environ: Mapping[str, str]
) -> SharedProxies | None:
    """What the environment says, as the default of an upstream's own setting; None: nothing."""
    by_scheme = []
    for scheme, variables in VARIABLES.items():
        given = ((name, _look_up(name, environ)) for name in variables)
        name, text = next(((name, text) for name, text in given if text), ("", ""))
        if text:
            by_scheme.append((scheme, _read(name, text)))
    if not by_scheme:
        return None
    exceptions = re.split(r"[,\s]+", _look_up(EXCEPTIONS, environ).lower())
    return SharedProxies(tuple(by_scheme), tuple(filter(None, exceptions)))


def _look_up(name: str, environ: Mapping[str, str]) -> str:
    return (environ.get(name.lower()) or environ.get(name) or "").strip()


def _read(name: str, text: str) -> NamedProxy:
    if text.lower().startswith("socks"):
        return NamedProxy(
            name, None, tell("names a SOCKS proxy, and the gateway speaks HTTP to proxies")
        )
    try:
        return NamedProxy(name, _parse_url(text if "://" in text else f"http://{text}"))
    except ValueError as error:
        return NamedProxy(name, None, told_by(error))


def _parse_url(text: str) -> Secret:
    parts = split_url(text, ("http", "https"))
    if parts.path not in {"", "/"}:
        raise ValueError(tell("has a path, which a proxy does not have"))
    return Secret(f"{parts.scheme}://{parts.netloc}")


def proxy_url() -> Kind:
    """An HTTP proxy, perhaps with a name and password; gives Secret, as those are in it.

    `none` gives SharedProxies without any.
    """

    def parse(text: str) -> Secret | SharedProxies:
        return SharedProxies() if text.lower() == NO_PROXY_AT_ALL else _parse_url(text)

    def show(value: Secret | SharedProxies) -> str:
        return mask_user(value.reveal()) if isinstance(value, Secret) else str(value)

    return Kind(
        "http or https URL, or `none`",
        ("http://127.0.0.1:3128",),
        parse,
        show=show,
        quote=quote_url,
    )
