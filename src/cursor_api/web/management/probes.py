"""The two addresses that say whether the process still takes requests.

Rules of this file:
- `/livez` answers 200 for as long as anything answers: a platform that restarts a draining gateway
  would break the streams that it waits for.
- `/readyz` is about requests, not credentials. Without a credential the gateway is ready all the
  same: the first one is added through this very listener. Its body says whether somebody would be
  answered, and in one word why not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from cursor_api.service.readiness import Readiness
from cursor_api.web.http.operation import Key, Operation
from cursor_api.web.server.lifecycle import RETRY_AFTER_S, Lifecycle

LIVE_PATH = "/livez"
READY_PATH = "/readyz"


class Probes:
    """Answers `/livez` and `/readyz`; neither asks for a key nor says anything else."""

    def __init__(self, lifecycle: Lifecycle, readiness: Readiness) -> None:
        self._lifecycle = lifecycle
        self._readiness = readiness

    def operations(self) -> Sequence[Operation]:
        """Both, for pages too."""
        return tuple(
            Operation(method="GET", path=path, handler=handler, key=Key.NONE, is_for_pages=True)
            for path, handler in ((LIVE_PATH, self.live), (READY_PATH, self.ready))
        )

    async def live(self, _request: Request) -> Response:
        """The process answers, so it lives."""
        return self._answer(200, {"status": "alive"})

    async def ready(self, _request: Request) -> Response:
        """Whether a request would be taken, and whether it could be answered."""
        if self._lifecycle.is_draining:
            body = _body("draining", can_answer=False, reason="draining")
            return self._answer(503, body, {"retry-after": str(RETRY_AFTER_S)})
        hindrance = self._readiness.find_hindrance()
        code = hindrance.code if hindrance else None
        return self._answer(200, _body("ready", can_answer=hindrance is None, reason=code))

    def _answer(
        self, status: int, body: Mapping[str, object], more: Mapping[str, str] | None = None
    ) -> Response:
        headers = {"cache-control": "no-store", **(more or {})}
        if self._lifecycle.is_draining:
            # A connection that stays would be one more to wait for.
            headers["connection"] = "close"
        return JSONResponse(body, status, headers)


def _body(status: str, *, can_answer: bool, reason: str | None) -> Mapping[str, object]:
    return {
        "status": status,
        "ready": status == "ready",
        "can_answer": can_answer,
        "reason": reason,
    }
