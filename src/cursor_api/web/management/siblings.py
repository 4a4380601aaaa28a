"""What a worker tells the others, at a socket that only they can reach; nobody asks for a key.

What they pass on of their clients is answered as what clients ask.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus

from msgspec import Struct
from starlette.responses import Response

from cursor_api.domain.credential import Secret
from cursor_api.ports.metrics import MetricsSource
from cursor_api.web.http.elsewhere import take_client
from cursor_api.web.http.json_body import reply
from cursor_api.web.management.metrics import MetricsApp
from cursor_api.web.management.now import WORKER_NOW_PATH, WorkerNow
from cursor_api.web.management.request_report import RequestOut
from cursor_api.web.management.requests import WORKER_REQUESTS_PATH
from cursor_api.web.management.ui_codes import WORKER_CODES_PATH
from cursor_api.web.server.serving import Application, Receive, Scope, Send


class WorkerView(Struct, frozen=True):
    """What this worker has under way, what it knows of one request, and what it is called.

    `take_code` gives the key for a code with this digest, None where it is not good here.
    """

    now: Callable[[], WorkerNow]
    find: Callable[[str], Awaitable[RequestOut | None]]
    take_code: Callable[[str], Secret | None]
    node: str = ""


class SiblingApp:
    """An ASGI application: this worker's own metrics, what is seen here, and `app` for clients."""

    def __init__(self, metrics: MetricsSource, view: WorkerView, app: Application) -> None:
        self._metrics = MetricsApp(metrics)
        self._view = view
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        path: str = scope["path"]
        folder, _, name = path.rpartition("/")
        if (of_client := take_client(scope)) is not None:
            await self._app(of_client, receive, send)
        elif path == WORKER_NOW_PATH:
            await reply(self._view.now())(scope, receive, send)
        elif folder == WORKER_REQUESTS_PATH:
            found = await self._view.find(name)
            answer = reply(found) if found is not None else _nothing()
            await answer(scope, receive, send)
        elif folder == WORKER_CODES_PATH:
            key = self._view.take_code(name)
            answer = Response(key.reveal()) if key is not None else _nothing()
            await answer(scope, receive, send)
        else:
            await self._metrics(scope, receive, send)


def _nothing() -> Response:
    return Response(status_code=HTTPStatus.NOT_FOUND)
