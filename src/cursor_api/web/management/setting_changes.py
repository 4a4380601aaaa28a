"""Changing the files of settings: over which version, and what each refusal is to the operator."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from starlette.requests import Request

from cursor_api.domain.errors import Fault, FaultKind, StaleTextError, StoreError, invalid_request
from cursor_api.ports.configuration import (
    Configuration,
    FixedSettingError,
    SettingsWriter,
    ShownFinding,
    UnknownSettingError,
    WrongSettingError,
    WrongUpstreamError,
)
from cursor_api.ports.upstream_blocks import TAKEN
from cursor_api.web.http.errors import FoundFault
from cursor_api.web.http.etags import read_if_match

NO_FILES: Final = "This gateway has no files of settings that could be changed: it is a demo."
STALE: Final = (
    "The settings were changed meanwhile. Read them again (GET /api/settings), then change them."
)
# What the document of the API says of the header.
ETAG: Final = {"ETag": "Of the files of settings together, where there are any."}
_Done = TypeVar("_Done")


async def etag_of(configuration: Configuration) -> Mapping[str, str]:
    """The header that tells the version of the files."""
    writer = configuration.writer
    if writer is None:
        return {}
    try:
        return {"etag": f'"{await asyncio.to_thread(writer.etag)}"'}
    except OSError:
        # A file that cannot be read has no version; why, the settings' own problems say.
        return {}


async def write(
    configuration: Configuration,
    request: Request,
    change: Callable[[SettingsWriter, str | None], _Done],
) -> _Done:
    """Change the files in a thread, over the version that If-Match names; raises Fault.

    Nothing is changed then.
    """
    found = read_if_match(request.headers.getlist("if-match"))
    writer = configuration.writer
    if writer is None:
        raise Fault(FaultKind.CONFLICT, NO_FILES)
    # Of several versions none can be the one that was seen.
    if_match = None if found is None else ",".join(found)
    try:
        return await asyncio.to_thread(change, writer, if_match)
    except UnknownSettingError as error:
        raise Fault(
            FaultKind.NOT_FOUND,
            "There is no such setting; GET /api/settings lists all of them.",
            param="name",
        ) from error
    except FixedSettingError as error:
        raise Fault(FaultKind.CONFLICT, f"{error}.", param="name") from error
    except WrongSettingError as error:
        raise _found(str(error), "value", error.problems) from error
    except WrongUpstreamError as error:
        raise _explain(error) from error
    except StaleTextError as error:
        raise Fault(FaultKind.PRECONDITION_FAILED, STALE, param="If-Match") from error
    except StoreError as error:
        raise Fault(FaultKind.STORE_FAILED, error.message) from error


def _explain(error: WrongUpstreamError) -> Fault:
    message, param = f"{error}.", error.field or None
    if error.code == TAKEN:
        return Fault(FaultKind.CONFLICT, message, param=param)
    if error.findings:
        return _found(str(error), param, error.findings)
    return invalid_request(message, code=error.code, param=param)


def _found(message: str, param: str | None, findings: tuple[ShownFinding, ...]) -> FoundFault:
    fault = FoundFault(FaultKind.INVALID_REQUEST, message, param=param)
    fault.code, fault.findings = "invalid_value", findings
    return fault
