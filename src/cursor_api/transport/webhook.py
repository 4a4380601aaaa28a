"""Where alerts go: one address of the operator's, which gets a small JSON object for each.

The address is a secret: those of chat services let anybody post who knows them.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final

import msgspec
from msgspec import Struct

from cursor_api.domain.alert import AlertChange
from cursor_api.domain.credential import Secret
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.options.addresses import is_in_the_clear, quote_url, split_url
from cursor_api.options.kinds import Kind
from cursor_api.options.proxies import SharedProxies, find_shared_proxies, proxy_url
from cursor_api.options.said import tell
from cursor_api.options.setting import setting
from cursor_api.transport.client import HttpClient, HttpOptions

DELIVER_S: Final = 10.0
HEADERS: Final = {"Content-Type": "application/json", "User-Agent": "cursor-api"}


def webhook_url() -> Kind:
    """An address to post to; gives Secret."""

    def parse(text: str) -> Secret:
        split_url(text.partition("?")[0], ("https", "http"))
        if not text.isascii() or not text.isprintable() or " " in text or "#" in text:
            raise ValueError(tell("has spaces, a fragment or characters that are not ASCII"))
        if is_in_the_clear(text):
            raise ValueError(
                tell("is http:// to another machine; everybody on the way reads along")
            )
        return Secret(text)

    return Kind(
        "https URL",
        ("https://hooks.example.com/services/abc",),
        parse,
        show=lambda value: f"{value.reveal().partition('://')[0]}://…",
        quote=quote_url,
    )


class WebhookOptions(Struct, frozen=True):
    """Who is told of alerts."""

    url: Secret | None = setting(
        "ALERT_WEBHOOK_URL",
        webhook_url(),
        None,
        "An address that gets a small JSON object when something needs your"
        " attention: a credential out of service or about to expire, an API key's"
        " budget nearly or completely spent, no upstream that can answer, an upstream"
        " that gets no requests, records that cannot be written. It gets one when it"
        " begins and one when it is over.",
        key="alert_webhook_url",
        default_note="none: nobody is told",
    )
    proxy: Secret | SharedProxies | None = setting(
        "ALERT_PROXY",
        proxy_url(),
        None,
        "HTTP proxy on the way to `ALERT_WEBHOOK_URL`; `none` for none.",
        key="alert_proxy",
        default_note="the environment's, as for upstreams",
        derive=find_shared_proxies,
    )


class Webhook:
    """Posts alerts. They are rare: each has a connection of its own."""

    def __init__(self, url: Secret, proxy: Secret | SharedProxies | None) -> None:
        self._url = url
        self._options = HttpOptions(proxy=proxy)

    async def deliver(self, change: AlertChange) -> None:
        """Post one; raises Fault where it was not taken, whose text has no address."""
        try:
            async with asyncio.timeout(DELIVER_S), HttpClient(self._options) as http:
                await self._post(http, encode_change(change))
        except TimeoutError:
            raise Fault(
                FaultKind.UPSTREAM_TIMEOUT, f"The webhook gave no answer within {DELIVER_S:g} s."
            ) from None

    async def _post(self, http: HttpClient, body: bytes) -> None:
        async with http.open_post(self._url.reveal(), HEADERS, body) as answer:
            if answer.status >= HTTPStatus.MULTIPLE_CHOICES:
                raise Fault(
                    FaultKind.UPSTREAM_ERROR, f"The webhook answered with status {answer.status}."
                )


def encode_change(change: AlertChange) -> bytes:
    """What is posted. `text` is what chat services show; the rest is for programs."""
    alert, is_over, at = change
    return msgspec.json.encode(
        {
            "text": f"{'Over: ' if is_over else ''}{alert.text}",
            "alert": alert.kind.value,
            "state": "over" if is_over else "begun",
            "subject": alert.subject,
            "at": datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds"),
            "from": "cursor-api",
        }
    )
