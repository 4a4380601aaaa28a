"""A management operation said once: its route, its OpenAPI entry and its CORS rule are one row.

So is what is noted of it, where it changes something.

The frame of every such address: the key first, then the method, then the body. Nothing of a request
but its headers is looked at before the operator's key is found in them, and the key comes in a
header only: there is no cookie that a foreign page could use.

A parameter in a path is one segment, percent-encoded, and may hold any character, a slash too:
addresses are therefore taken apart before they are decoded (`Folder`).
"""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any
from urllib.parse import unquote

import msgspec
from msgspec import Struct, field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cursor_api.domain.act import ActKind
from cursor_api.domain.caller import Caller
from cursor_api.web.http.body import ClientGoneError
from cursor_api.web.server.serving import Receive, Scope, Send

Handler = Callable[[Request], Awaitable[Response]]
# By method.
Handlers = Mapping[str, "Operation"]
# Lets the operator through and says who it is, raises Fault for anybody else.
RequireAdmin = Callable[[Scope], Awaitable[Caller]]
# Who has done what to what.
NoteAct = Callable[[str, ActKind, str], Awaitable[None]]
# What an act was done to, of a request and its good answer; None: nothing was done.
FindSubject = Callable[[Request, Any], str | None]


class Key(enum.Enum):
    """Whether an operation asks for the operator's key."""

    REQUIRED = "required"
    # The handler decides; what the address does not do asks for a key all the same.
    LEFT_TO_HANDLER = "left to handler"
    # Open to whoever brings none; the handler refuses a wrong one.
    OPTIONAL = "optional"
    NONE = "none"


OPEN = frozenset({Key.OPTIONAL, Key.NONE})


class Parameter(Struct, frozen=True):
    """One parameter of an operation; `where` is path, query or header."""

    name: str
    where: str
    schema: Mapping[str, object]
    example: str | None = None


class Acts(Struct, frozen=True):
    """What is noted of an operation that has done something."""

    kind: ActKind
    find_subject: FindSubject


class Guard(Struct, frozen=True):
    """What stands around every operation."""

    require_admin: RequireAdmin
    note: NoteAct


class Operation(Struct, frozen=True, kw_only=True):
    """One method of one address.

    `path` counts from the base ("" or the prefix) and is spelled as in OpenAPI, with `{name}` for a
    parameter. `route` is the router's pattern where that is another one. Without a `summary` the
    document has no entry. `good` is the type of the answer by status (None: it is no JSON), `bad`
    the statuses of errors. Types are msgspec's.
    """

    method: str
    path: str
    handler: Handler
    key: Key = Key.REQUIRED
    # Whether pages of the named origins may use it.
    is_for_pages: bool = False
    route: str = ""
    summary: str = ""
    parameters: tuple[Parameter, ...] = ()
    body: type | None = None
    is_body_required: bool = True
    good: Mapping[int, type | None] = field(default_factory=dict)
    bad: tuple[int, ...] = ()
    # The type of its errors where that is not OpenAI's object.
    error: type | None = None
    # Where it changes something: what the audit has of it. It asks for the key then.
    acts: Acts | None = None
    # Of good answers, by name: their descriptions.
    headers: Mapping[str, str] = field(default_factory=dict)


class Resource:
    """An ASGI endpoint with an operation for each method."""

    def __init__(self, operations: Iterable[Operation], guard: Guard) -> None:
        self._handlers: Handlers = {one.method: one for one in operations}
        self._guard = guard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; raises Fault, StoreError and HTTPException for app.py to render."""
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        caller = None
        if self._asks_for_key(method):
            caller = await self._guard.require_admin(scope)
        handlers = self._find_handlers(scope)
        operation = handlers.get(method)
        if operation is None:
            raise HTTPException(405, headers={"Allow": ", ".join(_allowed(handlers))})
        request = Request(scope, receive)
        try:
            response = await operation.handler(request)
        except ClientGoneError:
            return
        if operation.acts is not None and caller is not None:
            subject = operation.acts.find_subject(request, msgspec.json.decode(response.body))
            if subject is not None:
                await self._guard.note(caller.name, operation.acts.kind, subject)
        await response(scope, receive, send)

    def _asks_for_key(self, method: str) -> bool:
        """Of what is not done here too, unless all that is done is open to everybody."""
        operation = self._handlers.get(method)
        if operation is not None:
            return operation.key is Key.REQUIRED
        return any(one.key not in OPEN for one in self._handlers.values())

    def _find_handlers(self, _scope: Scope) -> Handlers:
        """May put more into the scope's path parameters. Raises HTTPException(404)."""
        return self._handlers


class Folder(Resource):
    """All the addresses below `base`: `/{name}`, and `/{name}/action` for some actions.

    Every one of its operations asks for the key, and so does every address that it has not.
    """

    def __init__(self, operations: Iterable[Operation], guard: Guard, base: str) -> None:
        super().__init__((), guard)
        self._base = base
        self._by_action: dict[str, dict[str, Operation]] = {}
        for one in operations:
            name, action = _split_template(one.path)
            self._name = name
            self._by_action.setdefault(action, {})[one.method] = one

    def _asks_for_key(self, _method: str) -> bool:
        return True

    def _find_handlers(self, scope: Scope) -> Handlers:
        value, action = split_address(scope["raw_path"], self._base)
        handlers = self._by_action.get(action)
        if not value or handlers is None:
            raise HTTPException(404)
        scope["path_params"][self._name] = value
        return handlers


FOLDER_ROUTE = "/{rest:path}"


def of_one(
    folder: str, name: Parameter, method: str, handler: Handler, action: str = "", **more: Any
) -> Operation:
    """An operation of what an address below `folder` names; `more` are fields of Operation."""
    return Operation(
        method=method,
        path=f"{folder}/{{{name.name}}}{action}",
        route=folder + FOLDER_ROUTE,
        handler=handler,
        parameters=(name,),
        **more,
    )


def routes(operations: Iterable[Operation], bases: Iterable[str], guard: Guard) -> list[Route]:
    """The routes of these operations below each base, in their order."""
    by_route: dict[str, list[Operation]] = {}
    for one in operations:
        by_route.setdefault(one.route or one.path, []).append(one)
    made = []
    for base in bases:
        for route, group in by_route.items():
            folder, separator, _ = route.partition(FOLDER_ROUTE)
            if separator:
                endpoint: Resource = Folder(group, guard, base + folder)
            else:
                endpoint = Resource(group, guard)
            made.append(Route(base + route, endpoint))
    return made


def split_address(raw_path: bytes, base: str) -> tuple[str, str]:
    """The name in an address below `base`, decoded, and what stands behind it.

    Raises HTTPException(404) where there is more, or something that is no UTF-8.
    """
    segments = raw_path.split(b"/")
    depth = base.count("/") + 1
    try:
        texts = [unquote(segment.decode("ascii"), errors="strict") for segment in segments]
    except UnicodeDecodeError as error:
        raise HTTPException(404) from error
    name, *actions = texts[depth:] or [""]
    if "/".join(texts[:depth]) != base or len(actions) > 1 or actions == [""]:
        raise HTTPException(404)
    return name, "".join(actions)


def _split_template(path: str) -> tuple[str, str]:
    """`/folder/{name}/action` as (name, action)."""
    name, _, rest = path.partition("{")[2].partition("}")
    return name, rest.removeprefix("/")


def _allowed(handlers: Handlers) -> list[str]:
    return sorted({*handlers, *(["HEAD"] if "GET" in handlers else [])})
