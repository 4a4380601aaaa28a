"""From options to a bridge that can be called, open while a context lasts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from cursor_api.domain.credential import Secret
from cursor_api.domain.problems import Notice
from cursor_api.ports.upstream import UpstreamParts
from cursor_api.transport.client import HttpClient
from cursor_api.upstreams.cursor_sdk.bridge import (
    AttachedBridge,
    BridgeParts,
    Greeter,
    OwnBridge,
)
from cursor_api.upstreams.cursor_sdk.calls import BridgeAddress, SdkCalls, bridge_http_options
from cursor_api.upstreams.cursor_sdk.faults import BridgeMask
from cursor_api.upstreams.cursor_sdk.options import SdkOptions


class SilentObserver:
    """Tells nobody, where nobody is there to be told."""

    def notice(self, event: str, /, **facts: object) -> None:
        """See ports.Observer."""

    def warn(self, event: str | Notice, /, **facts: object) -> None:
        """See ports.Observer."""


@asynccontextmanager
async def open_calls(
    options: SdkOptions,
    parts: UpstreamParts,
    listen: Callable[[], Awaitable[BridgeAddress]] | None = None,
) -> AsyncIterator[SdkCalls]:
    """The bridge's services. `listen` opens the place where it calls our tools.

    Nothing is started yet, unless the options say so; what was started ends with the context.
    """
    now = parts.clock.now
    # Every run is a stream, and some calls are made beside it.
    async with HttpClient(bridge_http_options(2 * options.runs_max)) as http:
        mask = BridgeMask(parts.mask)
        greeter = Greeter(http, now, listen, mask)
        if options.bridge_url is not None:
            address = BridgeAddress(options.bridge_url, options.bridge_token or Secret(""))
            attached = AttachedBridge(address, greeter.greet, parts.clock)
            yield SdkCalls(http, attached, now, mask)
            return
        observer = parts.observer or SilentObserver()
        bridge = OwnBridge(
            options,
            BridgeParts(greeter.greet, greeter.answers, parts.clock, observer, parts.mask),
        )
        if options.is_started_early:
            bridge.begin_early()
        try:
            yield SdkCalls(http, bridge, now, mask)
        finally:
            await bridge.close()
