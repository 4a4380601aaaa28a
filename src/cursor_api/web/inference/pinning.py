"""The headers `x-credential` and `x-route`: who shall serve a request, and which route did.

A request with one of them goes there and nowhere else. Callers who may only chat are refused
whatever it says, or they could find out which names there are.
"""

from __future__ import annotations

import functools
from urllib.parse import quote, unquote

from cursor_api.domain.caller import Caller
from cursor_api.domain.catalog import Route
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.web.http.answers import Header
from cursor_api.web.inference.attempts import READABLE

PINNED_HEADER = b"x-credential"
ROUTE_HEADER = b"x-route"


def read_pinned_credential(value: bytes, caller: Caller) -> str | None:
    """The alias, in UTF-8 or percent-encoded as `x-attempts` shows it.

    Those who bring credentials of their own have nothing to choose: None. Raises Fault(FORBIDDEN).
    """
    if caller.credentials:
        return None
    if not caller.is_admin:
        raise Fault(
            FaultKind.FORBIDDEN,
            "The header x-credential names one of the gateway's credentials, which this API key may"
            " not choose among: leave it out, or use the gateway's AUTH_TOKEN.",
            param="x-credential",
        )
    return _decode(value)


def read_pinned_route(value: bytes, caller: Caller) -> str:
    """An upstream, or `upstream/model`, as answers show it. Raises Fault(FORBIDDEN)."""
    if not caller.is_admin and not caller.credentials:
        raise Fault(
            FaultKind.FORBIDDEN,
            "The header x-route names one of the gateway's upstreams, which this API key may not"
            " choose among: leave it out, or use the gateway's AUTH_TOKEN.",
            param="x-route",
        )
    return _decode(value)


@functools.lru_cache(maxsize=1024)
def route_header(route: Route) -> Header:
    """The header of an answer that came by this route, percent-encoded as in `x-attempts`."""
    return ROUTE_HEADER, quote(f"{route.endpoint}/{route.model}", safe=READABLE).encode()


def _decode(value: bytes) -> str:
    try:
        return unquote(value.decode(), errors="strict")
    except UnicodeDecodeError:
        return value.decode("latin-1")
