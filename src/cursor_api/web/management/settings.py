"""`/api/settings`: every setting, and what is wrong; one is changed; `/api/reload` reads them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from cursor_api.domain.errors import Fault, FaultKind, StaleTextError, StoreError, invalid_request
from cursor_api.ports.configuration import (
    Configuration,
    FixedSettingError,
    Reloaded,
    SettingsWriter,
    ShownSetting,
    ShownSettings,
    UnknownSettingError,
    WrongSettingError,
)
from cursor_api.web.http.etags import read_if_match
from cursor_api.web.http.json_body import read_json, reply
from cursor_api.web.http.operation import FOLDER_ROUTE, Operation, Parameter

SETTINGS_PATH = "/api/settings"
RELOAD_PATH = "/api/reload"
NO_FILES = "This gateway has no files of settings that could be changed: it is a demo."
STALE = (
    "The settings were changed meanwhile. Read them again (GET /api/settings), then change them."
)


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
        etag = {"ETag": "Of the files of settings together, where there are any."}
        text = {"type": "string"}
        return (
            Operation(
                method="GET",
                path=SETTINGS_PATH,
                handler=self.list,
                summary="All settings, where each value came from, and what is wrong",
                good={200: ShownSettings},
                bad=(401, 403),
                headers=etag,
            ),
            Operation(
                method="PUT",
                path=f"{SETTINGS_PATH}/{{name}}",
                route=SETTINGS_PATH + FOLDER_ROUTE,
                handler=self.change,
                summary="Write one setting into its file, and take it up",
                parameters=(
                    Parameter("name", "path", {**text, "minLength": 1}, "GATEWAY_REQUESTS_MAX"),
                    Parameter("If-Match", "header", text),
                ),
                body=SettingIn,
                good={200: SettingChanged},
                bad=(400, 401, 403, 404, 409, 412, 413, 500),
                headers=etag,
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
        return reply(self._configuration.show(), headers=await self._etag())

    async def change(self, request: Request) -> Response:
        """Write one and take it up; raises Fault, and changes nothing then."""
        name: str = request.path_params["name"]
        given = await read_json(request, _DECODER)
        found = read_if_match(request.headers.getlist("if-match"))
        writer = self._configuration.writer
        if writer is None:
            raise Fault(FaultKind.CONFLICT, NO_FILES)
        # Of several versions none can be the one that was seen.
        if_match = None if found is None else ",".join(found)
        written = await _write(writer, name, given.value, if_match)
        reloaded = await self._configuration.reload()
        setting = next(one for one in self._configuration.show().settings if one.name == written)
        return reply(SettingChanged(setting, reloaded), headers=await self._etag())

    async def _etag(self) -> dict[str, str]:
        writer = self._configuration.writer
        if writer is None:
            return {}
        try:
            return {"etag": f'"{await asyncio.to_thread(writer.etag)}"'}
        except OSError:
            # A file that cannot be read has no version; why, the settings' own problems say.
            return {}


async def _write(writer: SettingsWriter, name: str, value: str | None, if_match: str | None) -> str:
    try:
        return await asyncio.to_thread(writer.change, name, value, if_match)
    except UnknownSettingError as error:
        raise Fault(
            FaultKind.NOT_FOUND,
            "There is no such setting; GET /api/settings lists all of them.",
            param="name",
        ) from error
    except FixedSettingError as error:
        raise Fault(FaultKind.CONFLICT, f"{error}.", param="name") from error
    except WrongSettingError as error:
        raise invalid_request(str(error), code="invalid_value", param="value") from error
    except StaleTextError as error:
        raise Fault(FaultKind.PRECONDITION_FAILED, STALE, param="If-Match") from error
    except StoreError as error:
        raise Fault(FaultKind.STORE_FAILED, error.message) from error
