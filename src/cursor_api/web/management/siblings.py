"""What a worker tells the others, at a socket that only they can reach; nobody asks for a key."""

from __future__ import annotations

from collections.abc import Callable

from cursor_api.ports.metrics import MetricsSource
from cursor_api.web.http.json_body import reply
from cursor_api.web.management.metrics import MetricsApp
from cursor_api.web.management.now import WORKER_NOW_PATH, WorkerNow
from cursor_api.web.server.serving import Receive, Scope, Send


class SiblingApp:
    """An ASGI application: this worker's own metrics, and what it has under way."""

    def __init__(self, metrics: MetricsSource, look: Callable[[], WorkerNow]) -> None:
        self._metrics = MetricsApp(metrics)
        self._look = look

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["path"] == WORKER_NOW_PATH:
            await reply(self._look())(scope, receive, send)
        else:
            await self._metrics(scope, receive, send)
