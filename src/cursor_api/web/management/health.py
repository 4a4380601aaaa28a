"""`GET /`: what runs, in the earlier program's shape with true values; to a browser, the console.

A browser that goes there by itself says so. A page in a frame (a Space's) and every program get the
JSON.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from cursor_api.ports.process import Clock
from cursor_api.service.inference.catalog import Catalog
from cursor_api.service.inference.relay import Relay
from cursor_api.web.http.operation import Key, Operation

if sys.platform != "win32":
    import resource

KIBIBYTE = 1024
# Relative, as a proxy may have taken a prefix away.
CONSOLE = "console"
# No cache may give one's answer to the other.
BY_ASKER = {"vary": "Accept, Sec-Fetch-Dest"}


class Uptime:
    """Since when the process runs: through every change of its settings."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._began = clock.monotonic()
        self.started_at = clock.now()

    def seconds(self) -> int:
        """Whole seconds since then."""
        return int(self._clock.monotonic() - self._began)


class Health:
    """Answers `GET /`."""

    def __init__(
        self, relay: Relay, catalog: Catalog, uptime: Uptime, version: str, endpoints: Sequence[str]
    ) -> None:
        self._relay = relay
        self._catalog = catalog
        self._uptime = uptime
        self._version = version
        self._endpoints = list(endpoints)

    def operations(self) -> Sequence[Operation]:
        """The one operation; pages may use it."""
        status = Operation(
            method="GET", path="/", handler=self.status, key=Key.NONE, is_for_pages=True
        )
        return (status,)

    async def status(self, request: Request) -> Response:
        """The process's state; needs no key and shows no secret."""
        if _is_navigation(request):
            return Response(status_code=302, headers={"location": CONSOLE, **BY_ASKER})
        return JSONResponse(
            {
                "status": "healthy",
                "version": self._version,
                "uptime": self._uptime.seconds(),
                "stats": {
                    "started": datetime.fromtimestamp(self._uptime.started_at, UTC).isoformat(),
                    "totalRequests": self._relay.total_count,
                    "activeRequests": self._relay.active_count,
                    "memory": memory_bytes(),
                },
                # Whether each is asked: closed, as in a circuit, is yes.
                "upstreams": self._relay.upstream_states(),
                "models": [model.id for model in self._catalog.models],
                "endpoints": self._endpoints,
            },
            headers=BY_ASKER,
        )


def _is_navigation(request: Request) -> bool:
    """Whether a person goes to the address in a tab of a browser."""
    headers = request.headers
    is_document = headers.get("sec-fetch-dest", "") == "document"
    return is_document and "text/html" in headers.get("accept", "").lower()


def memory_bytes() -> dict[str, int | None]:
    """Bytes of memory: rss (resident), heapTotal (data segment), heapUsed (resident, unshared).

    Linux tells all three now; other Unixes only the peak of rss, which then stands for all, and
    Windows none of them.
    """
    status = Path("/proc/self/status")
    if status.exists():
        sizes = {
            line.split(":")[0]: int(line.split()[1]) * KIBIBYTE
            for line in status.read_text().splitlines()
            if line.startswith(("VmRSS:", "VmData:", "RssAnon:"))
        }
        return {
            "heapTotal": sizes["VmData"],
            "heapUsed": sizes["RssAnon"],
            "rss": sizes["VmRSS"],
        }
    rss = None
    if sys.platform != "win32":
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        rss = peak if sys.platform == "darwin" else peak * KIBIBYTE
    return {"heapTotal": rss, "heapUsed": rss, "rss": rss}
