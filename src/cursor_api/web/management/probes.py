"""The two addresses that say whether the process still takes requests.

Rules of this file:
- `/livez` answers 200 for as long as anything answers: a platform that restarts a draining gateway
  would break the streams that it waits for.
- `/readyz` is about requests, not credentials. Without a credential the gateway is ready all the
  same: the first one is added through this very listener.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from cursor_api.dialects.openai_chat.faults import render_fault
from cursor_api.web.http.answers import send_whole
from cursor_api.web.http.body import Send
from cursor_api.web.server.lifecycle import DRAINING, RETRY_AFTER_S, Lifecycle

LIVE_PATH = "/livez"
READY_PATH = "/readyz"
CLOSE = (b"connection", b"close")


class Probes:
    """Answers `/livez` and `/readyz`; neither asks for a key nor tells anything else."""

    def __init__(self, lifecycle: Lifecycle, places: tuple[str, ...]) -> None:
        self._lifecycle = lifecycle
        self._places = places
        self.paths = frozenset(base + path for base in places for path in (LIVE_PATH, READY_PATH))

    def routes(self) -> list[Route]:
        """Both addresses at each place ("" or "/something")."""
        return [
            route
            for base in self._places
            for route in (Route(base + LIVE_PATH, self.live), Route(base + READY_PATH, self.ready))
        ]

    async def live(self, _request: Request) -> Response:
        """The process answers, so it lives."""
        return self._answer(200, "alive")

    async def ready(self, _request: Request) -> Response:
        """Whether a request would be taken."""
        if self._lifecycle.is_draining:
            return self._answer(503, "draining", {"retry-after": str(RETRY_AFTER_S)})
        return self._answer(200, "ready")

    def _answer(self, status: int, state: str, more: dict[str, str] | None = None) -> Response:
        headers = {"cache-control": "no-store"} | (more or {})
        if self._lifecycle.is_draining:
            # A connection that stays would be one more to wait for.
            headers["connection"] = "close"
        return JSONResponse({"status": state}, status, headers)


async def refuse(send: Send) -> None:
    """What every other address answers while the process drains: 503, and the connection ends."""
    rendered = render_fault(DRAINING)
    headers = [(name.encode(), value.encode()) for name, value in rendered.headers]
    await send_whole(send, rendered.status, rendered.body, [*headers, CLOSE])
