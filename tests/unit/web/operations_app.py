"""Some management rows behind the app's own error answers, for tests of their frame."""

from __future__ import annotations

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response

from cursor_api.domain.act import ActKind
from cursor_api.domain.credential import Secret
from cursor_api.domain.errors import StoreError
from cursor_api.installed import DIALECTS
from cursor_api.stores.memory_records import MemoryRecords
from cursor_api.upstreams.cursor.passthrough import passthrough_reader
from cursor_api.web.access.auth import AccessOptions, Authenticator
from cursor_api.web.access.lockout import Lockout, LockoutOptions
from cursor_api.web.app import ErrorHandlers
from cursor_api.web.http.addresses import Addresses
from cursor_api.web.http.errors import DialectErrors
from cursor_api.web.http.json_body import read_json, reply
from cursor_api.web.http.operation import Acts, Guard, Key, Operation, routes
from tests.fakes import TickingClock
from tests.house import CLIENT_KEY, KEY
from tests.serving import Answer, ask, serve

KEYS = Authenticator(
    AccessOptions(Secret(KEY), (Secret(CLIENT_KEY),)),
    Lockout(LockoutOptions(wrong_keys_max=0), TickingClock()),
    passthrough_reader(),
)
BODY_MAX = 100


class In(msgspec.Struct, forbid_unknown_fields=True):
    """A body."""

    count: int = 7


DECODER = msgspec.json.Decoder(In)


async def show(_request: Request) -> Response:
    """A reader."""
    return reply({"method": "GET"})


async def take(request: Request) -> Response:
    """A writer."""
    return reply({"count": (await read_json(request, DECODER, BODY_MAX)).count}, 201, {"x-a": "b"})


async def fail(_request: Request) -> Response:
    """A writer whose disk is full."""
    raise StoreError("The disk is full.")


async def get(request: Request) -> Response:
    """A reader of one thing."""
    return reply({"name": request.path_params["name"], "action": "get"})


async def do(request: Request) -> Response:
    """Something that is done with one thing."""
    return reply({"name": request.path_params["name"], "action": "do"})


NOTED: list[tuple[str, ActKind, str]] = []


async def note(actor: str, kind: ActKind, subject: str) -> None:
    """What was done."""
    NOTED.append((actor, kind, subject))


def find_subject(request: Request, answer: dict[str, str]) -> str | None:
    """Nothing was done to a thing called `nothing`."""
    name: str = request.path_params["name"]
    return None if name == "nothing" else f"{answer['action']} {name}"


GUARD = Guard(KEYS.require_admin, note)
THINGS = "/things/{rest:path}"
ROWS = (
    Operation(method="GET", path="/closed", handler=show),
    Operation(method="PATCH", path="/closed", handler=take),
    Operation(method="DELETE", path="/closed", handler=fail),
    Operation(method="GET", path="/open", handler=show, key=Key.NONE),
    Operation(method="POST", path="/open", handler=take),
    Operation(method="GET", path="/free", handler=show, key=Key.NONE),
    Operation(method="GET", path="/decided", handler=show, key=Key.LEFT_TO_HANDLER),
    Operation(method="GET", path="/things/{name}", route=THINGS, handler=get),
    Operation(
        method="POST",
        path="/things/{name}/do",
        route=THINGS,
        handler=do,
        acts=Acts(ActKind.SETTING_CHANGED, find_subject),
    ),
)
APP = Starlette(
    routes=routes(ROWS, ("",), GUARD),
    exception_handlers=ErrorHandlers(
        DialectErrors(DIALECTS, ""),
        Addresses("", ()).explain,
        TickingClock(),
        MemoryRecords(TickingClock()),
    ).by_type(),
)


async def one(method: str, path: str, headers: dict[str, str], body: bytes = b"") -> Answer:
    """One request to the app above."""
    async with serve(APP) as port:
        return await ask(port, method, path, headers=headers, body=body)
