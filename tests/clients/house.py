"""The gateway of the demo on a real socket: a simulator of each kind of upstream behind it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import httpx2 as httpx
from msgspec.structs import replace

from cursor_api.cli.serving.demo import demo_gateway, load_demo
from cursor_api.options.upstreams import UpstreamSettings
from cursor_api.telemetry.redaction import Redactor
from cursor_api.upstreams.cursor_sdk.options import SdkOptions
from tests.acceptance.background import LoopThread
from tests.clients.programs.client import Target
from tests.clients.routes import ROUTES, Route
from tests.serving import serve

KEY = "a-key-for-everybodys-clients"
# As fast as it is taken.
NO_PACE = 0.0
CALLS_WAIT_S = 0.2


class House:
    """A running gateway."""

    def __init__(self, url: str) -> None:
        self.url = url

    def targets(self) -> dict[str, Target]:
        """Every route, by its kind."""
        return {route.kind: route.target(self.url, KEY) for route in ROUTES}

    def wake(self, route: Route) -> None:
        """Let its credentials rest no longer."""
        for alias in route.aliases:
            url = f"{self.url}/api/credentials/{alias}/clear"
            answer = httpx.post(url, headers={"Authorization": f"Bearer {KEY}"})
            answer.raise_for_status()


@contextmanager
def open_house() -> Iterator[House]:
    """Gateway and simulators on a loop of their own."""
    with LoopThread() as loop:
        yield House(f"http://127.0.0.1:{loop.open(_serve())}")


def _hurried(upstream: UpstreamSettings) -> UpstreamSettings:
    """With calls side by side gathered for a moment only: simulated ones come at once."""
    options = upstream.options
    if isinstance(options, SdkOptions):
        runs = replace(options.runs, parallel_calls_wait_s=CALLS_WAIT_S)
        return replace(upstream, options=replace(options, runs=runs))
    return upstream


@asynccontextmanager
async def _serve() -> AsyncIterator[int]:
    settings = load_demo({"AUTH_TOKEN": KEY}).settings
    upstreams = tuple(_hurried(upstream) for upstream in settings.upstreams)
    settings = replace(settings, upstreams=upstreams)
    async with demo_gateway(settings, Redactor(), NO_PACE) as gateway, serve(gateway.app) as port:
        yield port
