"""`/api/clients`: what to paste into a client program, with this gateway's address and key.

The key is named and never sent: `key=client-1` asks for the snippets with that caller's key in
them. Only the operator gets them, and no cache does. Who asks with an API key gets that in the
place of the operator's key, which would outlive it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from cursor_api.clients.client import Client, Place, choose_for, exports_of, fill
from cursor_api.clients.table import CLIENTS, find_client
from cursor_api.domain.credential import Secret
from cursor_api.domain.features import Feature
from cursor_api.options.addresses import base_url
from cursor_api.options.said import Words
from cursor_api.service.inference.catalog import Catalog
from cursor_api.service.inference.relay import Relay
from cursor_api.web.access.auth import OPERATOR, Authenticator
from cursor_api.web.http.json_body import reply
from cursor_api.web.http.operation import Operation, Parameter
from cursor_api.web.http.query import Query, wrong

# What stands where there is none.
NO_KEY: Final = "your-gateway-key"
NO_MODEL: Final = "a-model-of-v1-models"
_BASE: Final = base_url("https://gateway.example.com")
_TEXT: Final = {"type": "string"}
NAMES: Final = ("client", "model", "small_model", "key", "base")


class ClientFileOut(Struct):
    """A file that the client reads, whole; `path` says in words where it is."""

    path: Words
    language: str
    text: str


class SnippetOut(Struct):
    """Something to paste into a terminal or a program."""

    language: str
    text: str


class ClientOut(Struct):
    """One client program, set up for this gateway. `dialect` is the address that it calls.

    `exports` are lines for a shell, "" where it reads no variables; `command` starts it without a
    change of its own files, "" where that is not possible. `is_without_tools`: its model cannot
    call the tools that it lives by.
    """

    name: str
    title: str
    dialect: str
    model: str
    small_model: str
    is_without_tools: bool
    steps: Sequence[Words]
    exports: str
    files: Sequence[ClientFileOut]
    snippets: Sequence[SnippetOut]
    command: str
    install: str


class ClientsOut(Struct):
    """Clients, and whose key is in their texts: `key` is the secret, to be masked on a screen.

    `keys` are the names that could be chosen, `key_name` the one that was; null in pass-through,
    where each caller brings a credential of their own.
    """

    base: str
    key_name: str | None
    key: str
    keys: Sequence[str]
    models: Sequence[str]
    clients: Sequence[ClientOut]


class ClientRoutes:
    """Answers `/api/clients`. `keys` are those of the settings by the names of their callers."""

    def __init__(
        self,
        catalog: Catalog,
        relay: Relay,
        keys: Mapping[str, Secret],
        authenticator: Authenticator,
        prefix: str,
    ) -> None:
        self._catalog = catalog
        self._relay = relay
        self._keys = keys
        self._authenticator = authenticator
        self._prefix = prefix

    def operations(self) -> Sequence[Operation]:
        """The one operation."""
        return (
            Operation(
                method="GET",
                path="/api/clients",
                handler=self.list,
                summary="Complete settings for client programs, with a key of this gateway",
                parameters=tuple(Parameter(name, "query", _TEXT) for name in NAMES),
                good={200: ClientsOut},
                bad=(400, 401, 403),
            ),
        )

    async def list(self, request: Request) -> Response:
        """All clients, or the one that is named."""
        query = Query(request, NAMES)
        clients = _choose_clients(query)
        keys, own = self._keys, self._authenticator.find_api_key(request.scope)
        if own is not None:
            others = {name: key for name, key in keys.items() if name != OPERATOR.name}
            keys = {**others, own.name: own}
        key_name = _choose_key(query, keys, OPERATOR.name if own is None else own.name)
        key = keys[key_name].reveal() if key_name is not None else NO_KEY
        base = query.parse("base", _BASE.parse) or f"{self._own_base(request)}{self._prefix}"
        models = self._relay.find_served(self._catalog.models)
        names = tuple(model.id for model in models)
        with_tools = [one.id for one in models if Feature.TOOLS in (one.features or ())]
        asked = query.text("model"), query.text("small_model")
        shown = []
        for one in clients:
            chosen = choose_for(one, names, with_tools) or (NO_MODEL, NO_MODEL)
            model = asked[0] or chosen[0]
            place = Place(
                base.removesuffix("/v1"), key, model, asked[1] or asked[0] or chosen[1], names
            )
            is_without = one.uses_tools and model in names and model not in with_tools
            shown.append(describe_client(one, place, is_without_tools=is_without))
        return reply(ClientsOut(place.root_url, key_name, key, list(keys), names, shown))

    def _own_base(self, request: Request) -> str:
        """Where the caller has found the gateway, as far as can be seen from here."""
        try:
            return str(_BASE.parse(f"http://{request.headers.get('host', '')}"))
        except ValueError:
            return "http://127.0.0.1"


def _choose_key(query: Query, keys: Mapping[str, Secret], own: str) -> str | None:
    """The name of the one that is asked for, else of the asker's own where it is one of these."""
    name = query.text("key") or (own if own in keys else None)
    if name is not None and name not in keys:
        raise wrong("key", f"it is the name of a key: {', '.join(keys) or 'there is none'}")
    return name


def _choose_clients(query: Query) -> Sequence[Client]:
    wanted = query.text("client")
    if not wanted:
        return tuple(CLIENTS.values())
    client = find_client(wanted)
    if client is None:
        raise wrong("client", f"it is one of {', '.join(CLIENTS)}")
    return (client,)


def describe_client(client: Client, place: Place, *, is_without_tools: bool) -> ClientOut:
    """A client with all of its texts filled in."""
    file = client.file
    files = []
    if file is not None:
        text = fill(file.template, file.language, place)
        files.append(ClientFileOut(file.where, file.language, text))
    return ClientOut(
        name=client.name,
        title=client.title,
        dialect=client.api.value,
        model=place.model,
        small_model=place.small_model,
        is_without_tools=is_without_tools,
        steps=[Words(fill(step.en, "", place), fill(step.zh, "", place)) for step in client.steps],
        exports="\n".join(exports_of(client, place)),
        files=files,
        snippets=[
            SnippetOut(one.language, fill(one.template, one.language, place))
            for one in client.snippets
        ],
        command=f"cursor-api run {client.name}" if client.program else "",
        install=client.install,
    )
