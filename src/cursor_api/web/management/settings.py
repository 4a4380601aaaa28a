"""`/api/settings`: every setting, and what is wrong; one is changed; `/api/reload` reads them."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from cursor_api.domain.act import ActKind
from cursor_api.ports.configuration import (
    Configuration,
    Reloaded,
    ShownSetting,
    ShownSettings,
    list_changes,
)
from cursor_api.web.http.json_body import read_json, reply
from cursor_api.web.http.operation import FOLDER_ROUTE, Acts, Operation, Parameter
from cursor_api.web.management.setting_changes import ETAG, etag_of, write

SETTINGS_PATH = "/api/settings"
RELOAD_PATH = "/api/reload"


class SettingIn(Struct, forbid_unknown_fields=True):
    """The value as a text, as it would stand in `.env`; null leaves it to its default."""

    value: str | None


class SettingChanged(Struct):
    """How the setting stands now, and what came of taking it up; a secret is masked."""

    setting: ShownSetting
    reloaded: Reloaded


_DECODER = msgspec.json.Decoder(SettingIn)


class SettingRoutes:
    """Answers `/api/settings`, the addresses below it, and `/api/reload`."""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration

    def operations(self) -> Sequence[Operation]:
        """All of them, as rows."""
        text = {"type": "string"}
        return (
            Operation(
                method="GET",
                path=SETTINGS_PATH,
                handler=self.list,
                summary="All settings, where each value came from, and what is wrong",
                good={200: ShownSettings},
                bad=(401, 403),
                headers=ETAG,
            ),
            Operation(
                method="PUT",
                path=f"{SETTINGS_PATH}/{{name}}",
                route=SETTINGS_PATH + FOLDER_ROUTE,
                handler=self.change,
                summary="Write one setting into its file, and take it up",
                acts=Acts(
                    ActKind.SETTING_CHANGED, lambda _request, answer: answer["setting"]["name"]
                ),
                parameters=(
                    Parameter("name", "path", {**text, "minLength": 1}, "GATEWAY_REQUESTS_MAX"),
                    Parameter("If-Match", "header", text),
                ),
                body=SettingIn,
                good={200: SettingChanged},
                bad=(400, 401, 403, 404, 409, 412, 413, 500),
                headers=ETAG,
            ),
            Operation(
                method="POST",
                path=RELOAD_PATH,
                handler=self.reload,
                summary="Read settings and token files again, and serve with them",
                acts=Acts(
                    ActKind.SETTINGS_RELOADED,
                    lambda _request, answer: list_changes(
                        answer["changed"], answer["added"], answer["removed"]
                    ),
                ),
                good={200: Reloaded},
                bad=(401, 403),
            ),
        )

    async def reload(self, _request: Request) -> Response:
        """As SIGHUP does; what cannot be used is in the answer, and the old serves on."""
        return reply(await self._configuration.reload())

    async def list(self, _request: Request) -> Response:
        """All of them."""
        return reply(self._configuration.show(), headers=await etag_of(self._configuration))

    async def change(self, request: Request) -> Response:
        """Write one and take it up; raises Fault, and changes nothing then."""
        name: str = request.path_params["name"]
        given = await read_json(request, _DECODER)
        configuration = self._configuration
        written = await write(
            configuration, request, lambda writer, seen: writer.change(name, given.value, seen)
        )
        reloaded = await configuration.reload()
        setting = next(one for one in configuration.show().settings if one.name == written)
        return reply(SettingChanged(setting, reloaded), headers=await etag_of(configuration))
