"""Where traces go, if anywhere."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote

from msgspec import Struct

from cursor_api.domain.credential import Secret
from cursor_api.options.addresses import base_url
from cursor_api.options.kinds import Kind
from cursor_api.options.proxies import SharedProxies, find_shared_proxies, proxy_url
from cursor_api.options.said import tell
from cursor_api.options.setting import setting

_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")


def trace_headers() -> Kind:
    """`name=value` with commas between, as OpenTelemetry writes them; gives (name, Secret) each."""

    def parse(text: str) -> tuple[tuple[str, Secret], ...]:
        found = []
        for entry in filter(None, map(str.strip, text.split(","))):
            name, equals, value = entry.partition("=")
            shown = unquote(value.strip())
            if not equals or not _NAME.fullmatch(name.strip()):
                raise ValueError(tell("has an entry that is not name=value"))
            if not shown.isascii() or not shown.isprintable():
                raise ValueError(tell("has a value that no header can have"))
            found.append((name.strip(), Secret(shown)))
        return tuple(found)

    return Kind(
        "name=value, comma between",
        ("authorization=Bearer%20a-long-random-text",),
        parse,
        show=lambda found: f"{', '.join(name for name, _ in found)} (values hidden)",
        quote=lambda _text: "the text given",
        is_secret=True,
    )


class TraceOptions(Struct, frozen=True):
    """`url` None: no traces."""

    url: str | None = setting(
        "TRACES_URL",
        base_url("http://127.0.0.1:4318"),
        None,
        "The address of an OpenTelemetry collector, or of another program that takes OTLP over"
        " HTTP: it gets a trace of each request that has ended, with model, times, tokens and"
        " attempts, and nothing of what was said. `/v1/traces` is added where it is missing.",
        default_note="none: no traces",
    )
    headers: tuple[tuple[str, Secret], ...] = setting(
        "TRACES_HEADERS",
        trace_headers(),
        "",
        "Headers for `TRACES_URL`, such as a key.",
    )
    proxy: Secret | SharedProxies | None = setting(
        "TRACES_PROXY",
        proxy_url(),
        None,
        "HTTP proxy on the way to `TRACES_URL`; `none` for none.",
        default_note="the environment's, as for upstreams",
        derive=find_shared_proxies,
    )
