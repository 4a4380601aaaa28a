"""The page that is scraped: what was counted, and how things stand at that moment."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from cursor_api.ports.metrics import MetricsPage
from cursor_api.telemetry.metrics import GatewayStanding, Instruments

# What nobody who scrapes sends; the parser of the header is somebody else's.
ACCEPT_CHARS_MAX: Final = 1000


class ScrapedMetrics:
    """Implements `ports.MetricsSource`. `look` is asked at each scrape, on the event loop."""

    def __init__(self, instruments: Instruments, look: Callable[[], GatewayStanding]) -> None:
        self._instruments = instruments
        self._look = look

    async def page(self, accept: str) -> MetricsPage:
        """All of them. Writing them takes some ms, in which a thread of its own works."""
        # With its library's HTTP server and more: two megabytes, where nobody may ever scrape.
        from cursor_api.telemetry.families import choose_form, write_page  # noqa: PLC0415

        form = choose_form(accept[:ACCEPT_CHARS_MAX])
        seen = self._look()
        body = await asyncio.to_thread(write_page, form, self._instruments, seen)
        return MetricsPage(body, form.content_type)
