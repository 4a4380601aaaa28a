"""`/api/settings`: every setting, and what is wrong; `/api/reload` has them read again."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

from cursor_api.ports.configuration import Configuration, Reloaded, ShownSettings
from cursor_api.web.http.json_body import reply
from cursor_api.web.http.operation import Operation

SETTINGS_PATH = "/api/settings"
RELOAD_PATH = "/api/reload"


class SettingRoutes:
    """Answers `/api/settings` and `/api/reload`."""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration

    def operations(self) -> Sequence[Operation]:
        """All of them, as rows."""
        return (
            Operation(
                method="GET",
                path=SETTINGS_PATH,
                handler=self.list,
                summary="All settings, where each value came from, and what is wrong",
                good={200: ShownSettings},
                bad=(401, 403),
            ),
            Operation(
                method="POST",
                path=RELOAD_PATH,
                handler=self.reload,
                summary="Read settings and token files again, and serve with them",
                good={200: Reloaded},
                bad=(401, 403),
            ),
        )

    async def reload(self, _request: Request) -> Response:
        """As SIGHUP does; what cannot be used is in the answer, and the old serves on."""
        return reply(await self._configuration.reload())

    async def list(self, _request: Request) -> Response:
        """All of them."""
        return reply(self._configuration.show())
