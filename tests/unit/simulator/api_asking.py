"""Requests to simulated JSON APIs by hand, and their answers put together without a socket."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, NamedTuple

from cursor_api.simulator.json_api import Api, JsonApiResponder
from cursor_api.simulator.options import SimulatorOptions
from cursor_api.simulator.request import RawRequest
from cursor_api.simulator.steps import Data, Ending, Head, Step
from cursor_api.wire.sse import SSEDecoder

Json = dict[str, Any]
HEADERS = {"authorization": "Bearer a-key", "anthropic-version": "2023-06-01"}


class Heard(NamedTuple):
    """An answer: status 0 where none came."""

    status: int
    headers: dict[str, str]
    body: bytes
    ending: Ending | None

    @property
    def json(self) -> Json:
        """The body as JSON."""
        found: Json = json.loads(self.body)
        return found

    @property
    def events(self) -> list[tuple[str, str]]:
        """The body's events: names and data."""
        found = SSEDecoder(1 << 20).feed(self.body)
        return [(event.event, event.data) for event in found]


def hear(steps: Iterable[Step]) -> Heard:
    """What the steps of an answer come to."""
    status, headers, body, ending = 0, {}, b"", None
    for step in steps:
        match step:
            case Head():
                status, headers = step.status, dict(step.headers)
            case Data():
                body += step.data
            case Ending():
                ending = step
            case _:
                pass
    return Heard(status, headers, body, ending)


def raw(
    path: str, body: object = None, *, method: str = "POST", **headers: str | None
) -> RawRequest:
    """A request; a header that is None is left out. In names `_` stands for `-`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    fields = {name: value for name, value in ({**HEADERS, **named}).items() if value is not None}
    data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    return RawRequest(method, path, fields, data)


class Asking:
    """One API behind a responder."""

    def __init__(self, api: Api, options: SimulatorOptions | None = None) -> None:
        self.responder = JsonApiResponder(api, options or SimulatorOptions())

    def ask(self, path: str, body: object = None, **more: Any) -> Heard:
        """One request and its answer."""
        return hear(self.responder.respond(raw(path, body, **more)).steps)
