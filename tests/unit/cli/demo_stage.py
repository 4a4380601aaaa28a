"""The demo's gateway on a socket beside the test, for commands that ask a running one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from cursor_api.cli.serving.demo import demo_gateway, load_demo
from cursor_api.telemetry.redaction import Redactor
from tests.acceptance.background import LoopThread
from tests.serving import serve

KEY = "a-key-of-the-demo-0123456789"
CLIENT_KEY = "a-key-for-chats-only-0123456789"


@dataclass(frozen=True, slots=True)
class RunningDemo:
    """Where it is."""

    port: int

    @property
    def settings(self) -> str:
        """A .env with which commands find it."""
        return f"AUTH_TOKEN={KEY}\nPORT={self.port}\n"


@contextmanager
def running_demo() -> Iterator[RunningDemo]:
    """One that answers as fast as it can."""
    with LoopThread() as loop:
        yield RunningDemo(loop.open(_serve()))


@asynccontextmanager
async def _serve() -> AsyncIterator[int]:
    # Its log would come among what the commands print.
    settings = load_demo({"AUTH_TOKEN": KEY, "GATEWAY_LOG_REQUESTS": "false"}).settings
    async with demo_gateway(settings, Redactor(), 0) as gateway, serve(gateway.app) as port:
        yield port
