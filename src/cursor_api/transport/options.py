"""How the HTTP client is configured, and which texts may go into an address or a header."""

from __future__ import annotations

import math
import re
import stat
from pathlib import Path
from typing import ClassVar, Final
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import replace

from cursor_api.domain.credential import Secret
from cursor_api.options.kinds import duration, path, whole
from cursor_api.options.proxies import SharedProxies, find_shared_proxies, proxy_url
from cursor_api.options.rules import Facts, Finding, Rules, find_mode
from cursor_api.options.said import tell
from cursor_api.options.setting import setting

# `v1`, `v4`, `v1beta`: a segment of the addresses of most APIs.
_VERSION: Final = re.compile(r"/v[0-9]+[a-z0-9]*(?:/|$)")
# As long as the SDKs wait for an answer that is not streamed.
WHOLE_ANSWER_S: Final = 600.0


class Timeouts(Struct, frozen=True):
    """How long an answer may be waited for, in seconds. Raises ValueError for what cannot be."""

    # From the request to the first text. StreamChat echoes the prompt at once, so that a first
    # byte tells nothing.
    first_token_s: float = 60.0
    # Between two reads after that. A model is silent while it thinks; this wire has no heartbeat.
    idle_s: float = 120.0

    def __post_init__(self) -> None:
        _check_durations(self, "first_token_s", "idle_s")

    def for_whole_answer(self) -> Timeouts:
        """The same for an answer in one piece, whose first byte comes with its last."""
        return replace(self, first_token_s=max(self.first_token_s, WHOLE_ANSWER_S))


def _ca_file_is_there(facts: Facts) -> Finding | None:
    ca_file: Path | None = facts.find("ca_file")
    if not ca_file or stat.S_ISREG(find_mode(ca_file)):
        return None
    return facts.finding("ca_file", tell("there is no such file; mend the path or leave it out"))


def _shared_proxy_can_be_used(facts: Facts) -> Finding | None:
    proxies, url = facts.find("proxy"), facts.find("base_url")
    found = proxies.find(url) if isinstance(proxies, SharedProxies) and url else None
    if found is None or found.url is not None:
        return None
    return facts.finding(
        "proxy",
        tell(
            "{name} {flaw}, so that requests go without one. Name an HTTP proxy"
            " here (most that speak SOCKS speak HTTP as well), or `none`",
            name=found.variable,
            flaw=found.flaw,
        ),
    )


class HttpOptions(Struct, frozen=True):
    """How to reach an upstream. Durations are seconds. Raises ValueError for what cannot be.

    The rows have no variables of their own: each upstream that has some puts its prefix in front.
    """

    proxy: Secret | SharedProxies | None = setting(
        "",
        proxy_url(),
        None,
        "HTTP proxy for upstream requests, with name and password if it wants them; `none` for"
        " none. By default the one that the environment names for all programs, in small letters"
        " or large, but never for an upstream on this machine.",
        default_note="`HTTPS_PROXY` or `HTTP_PROXY` by the upstream's scheme, else `ALL_PROXY`,"
        " but for what `NO_PROXY` names",
        derive=find_shared_proxies,
    )
    ca_file: Path | None = setting(
        "",
        path(),
        None,
        "More certificate authorities (PEM) to trust upstream, for a company's proxy."
        " Verification itself cannot be switched off.",
        default_note="the system's only",
        label_field="ca_setting",
    )
    # Three round trips, with room for a lost packet or two.
    connect_timeout_s: float = setting(
        "",
        duration(0.1, 300, "10s"),
        "10",
        "DNS, TCP and TLS together; a reachable server needs a tenth of it.",
    )
    connections_max: int = setting(
        "",
        whole(1, 100_000, 4096),
        "4096",
        "Open connections upstream, one per running answer. Each needs a file descriptor,"
        " and its caller a second one: `ulimit -n` has to allow both.",
        is_divided=True,
    )
    # Idle connections go before the 60 s after which the usual load balancers drop them.
    keepalive_s: float = 45.0
    # How the operator knows it: named where a certificate is of an authority that is not trusted.
    ca_setting: str = "the setting ca_file"

    RULES: ClassVar[Rules] = Rules(must=(_ca_file_is_there,), should=(_shared_proxy_can_be_used,))

    def __post_init__(self) -> None:
        _check_durations(self, "connect_timeout_s", "keepalive_s")
        if self.connections_max < 1:
            raise ValueError("connections_max is below 1")
        if isinstance(self.proxy, Secret):
            parts = urlsplit(self.proxy.reveal())
            if parts.scheme not in {"http", "https"} or not parts.hostname:
                raise ValueError("proxy is not an http:// or https:// address")

    def find_proxy(self, url: str) -> Secret | None:
        """The proxy that leads to an address; None where it is asked directly."""
        if isinstance(self.proxy, SharedProxies):
            shared = self.proxy.find(url)
            return shared.url if shared else None
        return self.proxy


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


def versioned_url(base_url: str, call_path: str) -> str:
    """What the paths of an API follow; raises ValueError for an address that is none.

    `/v1` is added to an address without any version in it. One that ends with the path of the call
    is taken at its word, for servers that have no version.
    """
    url = check_base_url(base_url)
    if url.endswith(call_path):
        return url.removesuffix(call_path)
    return url if _VERSION.search(url) else f"{url}/v1"


def is_header_value(text: str) -> bool:
    """Whether a header may carry it: printable ASCII, so no CR, LF or NUL."""
    return text.isascii() and text.isprintable()


def _check_durations(options: object, *names: str) -> None:
    for name in names:
        if not 0 < getattr(options, name) < math.inf:
            raise ValueError(f"{name} is not a positive number of seconds")
