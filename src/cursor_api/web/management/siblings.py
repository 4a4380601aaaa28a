"""What a worker tells the others, at a socket that only they can reach; nobody asks for a key."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from starlette.responses import Response

from cursor_api.ports.metrics import MetricsSource
from cursor_api.web.http.json_body import reply
from cursor_api.web.management.metrics import MetricsApp
from cursor_api.web.management.now import WORKER_NOW_PATH, WorkerNow
from cursor_api.web.management.request_report import RequestOut
from cursor_api.web.management.requests import WORKER_REQUESTS_PATH
from cursor_api.web.server.serving import Receive, Scope, Send

NOT_FOUND = 404


class WorkerView(NamedTuple):
    """What this worker has under way, and what it knows of one request."""

    now: Callable[[], WorkerNow]
    find: Callable[[str], Awaitable[RequestOut | None]]


class SiblingApp:
    """An ASGI application: this worker's own metrics, and what is seen here."""

    def __init__(self, metrics: MetricsSource, view: WorkerView) -> None:
        self._metrics = MetricsApp(metrics)
        self._view = view

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        path: str = scope["path"]
        folder, _, request_id = path.rpartition("/")
        if path == WORKER_NOW_PATH:
            await reply(self._view.now())(scope, receive, send)
        elif folder == WORKER_REQUESTS_PATH:
            found = await self._view.find(request_id)
            answer = reply(found) if found is not None else Response(status_code=NOT_FOUND)
            await answer(scope, receive, send)
        else:
            await self._metrics(scope, receive, send)
