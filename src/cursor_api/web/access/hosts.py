"""Whether a request was meant for this machine alone.

A listener on the loopback address is out of reach for others, but not for what runs here: a reverse
proxy brings anybody's requests, and a browser those of a page whose name was pointed at 127.0.0.1
(DNS rebinding). The first says in headers what it forwards; the second cannot hide the name under
which it asked.
"""

from __future__ import annotations

from collections.abc import Iterable

from cursor_api.options.addresses import is_loopback
from cursor_api.web.server.serving import Scope

ANY = "*"
# What proxies add. Those that begin with x-forwarded- count as well.
FORWARDING = frozenset(
    {
        *(b"forwarded", b"via", b"x-real-ip", b"x-client-ip", b"x-cluster-client-ip"),
        *(b"x-original-forwarded-for", b"x-original-host", b"x-proxyuser-ip"),
        *(b"true-client-ip", b"fastly-client-ip", b"fly-client-ip", b"x-azure-clientip"),
        *(b"cf-connecting-ip", b"cf-connecting-ipv6", b"cf-ray", b"cdn-loop"),
        *(b"x-envoy-external-address", b"x-appengine-user-ip"),
    }
)
FORWARDED_PREFIX = b"x-forwarded-"


class Hosts:
    """The names under which is answered what asks for no key on the loopback address.

    This machine's own names are among them where nobody forwards the request. `named` are further
    ones, forwarded or not; ANY is every one.
    """

    def __init__(self, named: Iterable[str]) -> None:
        self._named = frozenset(named)

    def admit(self, scope: Scope) -> bool:
        """Whether a request came under one of them."""
        if ANY in self._named:
            return True
        host, is_forwarded = "", False
        for name, value in scope["headers"]:
            if name == b"host":
                host = _without_port(value.decode("latin-1"))
            elif name in FORWARDING or name.startswith(FORWARDED_PREFIX):
                is_forwarded = True
        return host in self._named or (is_loopback(host) and not is_forwarded)


def _without_port(host: str) -> str:
    """A Host header's name or address, as names are in the settings."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower().removesuffix(".")
