"""How the HTTP client is configured, and which texts may go into an address or a header."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long an answer may be waited for, in seconds. Raises ValueError for what cannot be."""

    # From the request to the first text. StreamChat echoes the prompt at once, so that a first
    # byte tells nothing.
    first_token_s: float = 60.0
    # Between two reads after that. A model is silent while it thinks; this wire has no heartbeat.
    idle_s: float = 120.0

    def __post_init__(self) -> None:
        _check_durations(self, "first_token_s", "idle_s")


@dataclass(frozen=True, slots=True)
class HttpOptions:
    """How to reach upstreams. Durations are seconds. Raises ValueError for what cannot be."""

    # DNS, TCP and TLS together: three round trips, with room for a lost packet or two.
    connect_timeout_s: float = 10.0
    # Idle connections go before the 60 s after which the usual load balancers drop them.
    keepalive_s: float = 45.0
    # Open answers at once; each is a socket, and file descriptors are finite.
    connections_max: int = 4096
    # PEM certificates trusted besides the system's, for a company's own authority.
    ca_file: Path | None = None
    # How the operator knows it: named where a certificate is of an authority that is not trusted.
    ca_setting: str = "the setting ca_file"
    # http://[user:password@]host:port; it may hold a password, so that no repr shows it.
    proxy: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        _check_durations(self, "connect_timeout_s", "keepalive_s")
        if self.connections_max < 1:
            raise ValueError("connections_max is below 1")
        if self.proxy is not None:
            parts = urlsplit(self.proxy)
            if parts.scheme not in {"http", "https"} or not parts.hostname:
                raise ValueError("proxy is not an http:// or https:// address")


def check_base_url(text: str) -> str:
    """A configured address without its trailing slash; raises ValueError that says what is wrong.

    Plain http is allowed: simulators and local relays have no certificate.
    """
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("is not an http:// or https:// address")
    if parts.username is not None or parts.password is not None:
        raise ValueError("may not hold a user name or password")
    if parts.query or parts.fragment:
        raise ValueError("may not have a query or a fragment")
    if parts.port == 0 or not is_header_value(text) or " " in text:
        raise ValueError("holds characters or a port that an address may not have")
    return text.rstrip("/")


def is_header_value(text: str) -> bool:
    """Whether a header may carry it: printable ASCII, so no CR, LF or NUL."""
    return text.isascii() and text.isprintable()


def _check_durations(options: object, *names: str) -> None:
    for name in names:
        if not 0 < getattr(options, name) < math.inf:
            raise ValueError(f"{name} is not a positive number of seconds")
