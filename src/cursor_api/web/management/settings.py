"""`/api/settings`: every setting with its value, where that came from, and what is wrong."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

from cursor_api.ports.configuration import Configuration, ShownSettings
from cursor_api.web.http.json_body import reply
from cursor_api.web.http.operation import Operation

SETTINGS_PATH = "/api/settings"


class SettingRoutes:
    """Answers `/api/settings`."""

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
        )

    async def list(self, _request: Request) -> Response:
        """All of them."""
        return reply(self._configuration.show())
