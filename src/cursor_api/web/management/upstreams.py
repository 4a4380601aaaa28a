"""`/api/upstreams`: the upstreams that are configured, and adding another one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from cursor_api.domain.act import ActKind
from cursor_api.ports.configuration import Configuration, Reloaded
from cursor_api.ports.upstream_blocks import NewUpstream, ShownUpstreams
from cursor_api.web.http.json_body import read_json, reply
from cursor_api.web.http.operation import Acts, Operation, Parameter
from cursor_api.web.management.setting_changes import ETAG, etag_of, write

UPSTREAMS_PATH: Final = "/api/upstreams"


class UpstreamIn(Struct, forbid_unknown_fields=True):
    """An upstream to be added: a well-known one by its name, or one with an address of its own.

    Without a `preset` and a `base_url` it is the preset of its `name`. Without `models` it is asked
    for them. No `keys` is for servers that ask for none.
    """

    name: str
    preset: str | None = None
    kind: str | None = None
    base_url: str | None = None
    keys: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    allow_http: bool = False

    def plan(self) -> NewUpstream:
        """The same without its keys."""
        return NewUpstream(
            self.name,
            self.preset or None,
            self.kind or None,
            self.base_url or None,
            self.models,
            self.allow_http,
        )


class UpstreamAdded(Struct):
    """What is configured now, and what came of taking it up."""

    upstreams: ShownUpstreams
    reloaded: Reloaded


_DECODER = msgspec.json.Decoder(UpstreamIn)


class UpstreamRoutes:
    """Answers `/api/upstreams`."""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration

    def operations(self) -> Sequence[Operation]:
        """All of them, as rows."""
        return (
            Operation(
                method="GET",
                path=UPSTREAMS_PATH,
                handler=self.list,
                summary="The upstreams that are configured, and the presets for others",
                good={200: ShownUpstreams},
                bad=(401, 403),
                headers=ETAG,
            ),
            Operation(
                method="POST",
                path=UPSTREAMS_PATH,
                handler=self.add,
                summary="Add an upstream to the TOML file, its keys to a file of their own; serve",
                # The last block is the new one.
                acts=Acts(
                    ActKind.UPSTREAM_ADDED,
                    lambda _request, answer: answer["upstreams"]["upstreams"][-1]["name"],
                ),
                parameters=(Parameter("If-Match", "header", {"type": "string"}),),
                body=UpstreamIn,
                good={201: UpstreamAdded},
                bad=(400, 401, 403, 409, 412, 413, 500),
                headers=ETAG,
            ),
        )

    async def list(self, _request: Request) -> Response:
        """All of them; no key is among what is told."""
        return reply(self._configuration.upstreams(), headers=await etag_of(self._configuration))

    async def add(self, request: Request) -> Response:
        """Another one; raises Fault, and changes nothing then."""
        given = await read_json(request, _DECODER)
        configuration = self._configuration
        await write(
            configuration,
            request,
            lambda writer, seen: writer.add_upstream(given.plan(), given.keys, seen),
        )
        reloaded = await configuration.reload()
        added = UpstreamAdded(configuration.upstreams(), reloaded)
        return reply(added, 201, await etag_of(configuration))
