"""`GET /metrics`: for the operator's key, or on a listener of their own for whoever gets there.

The form is Prometheus's: an `Accept` header chooses OpenMetrics or the older text.
"""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

from cursor_api.ports.metrics import MetricsSource
from cursor_api.web.http.json_body import NO_STORE
from cursor_api.web.http.operation import Operation
from cursor_api.web.server.serving import Receive, Scope, Send

METRICS_PATH = "/metrics"


class Metrics:
    """Answers `/metrics`."""

    def __init__(self, source: MetricsSource) -> None:
        self._source = source

    def operations(self) -> Sequence[Operation]:
        """The one operation; it is no JSON, and the document leaves it out."""
        return (Operation(method="GET", path=METRICS_PATH, handler=self.show),)

    async def show(self, request: Request) -> Response:
        """All metrics."""
        page = await self._source.page(request.headers.get("accept", ""))
        return Response(page.body, headers=NO_STORE | {"content-type": page.content_type})


class MetricsApp:
    """An ASGI application that has this one address, and asks for no key."""

    def __init__(self, source: MetricsSource) -> None:
        self._metrics = Metrics(source)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        response = Response("Metrics are at /metrics.\n", 404, media_type="text/plain")
        if scope["path"] == METRICS_PATH:
            response = Response("Use GET.\n", 405, {"allow": "GET, HEAD"}, "text/plain")
            if scope["method"] in {"GET", "HEAD"}:
                response = await self._metrics.show(Request(scope, receive))
        await response(scope, receive, send)
