"""A client API: how its requests are read, and its answers and errors written."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from msgspec import Struct

from cursor_api.domain.catalog import Model
from cursor_api.domain.chat import ChatRequest
from cursor_api.domain.deltas import Delta
from cursor_api.domain.errors import Fault
from cursor_api.domain.kept import Thread
from cursor_api.domain.standing import Standing
from cursor_api.domain.value import Value
from cursor_api.wire.limits import RequestLimits


class ParsedRequest(Value, frozen=True):
    """A request as a dialect has read it. `style` is what only the answer's spelling needs.

    `ignored` names what was left out or replaced, in few words, for the answer's header.
    """

    chat: ChatRequest
    style: Any = None
    ignored: tuple[str, ...] = ()
    thread: Thread | None = None


class AnswerHead(Value, frozen=True):
    """What an answer says of itself, the same throughout. `created` is unix seconds."""

    request_id: str
    model: str
    created: int


class RenderedFault(NamedTuple):
    """A whole HTTP error answer. Header names are lower case; Content-Length is the server's."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class StreamRenderer(Protocol):
    """One streamed answer, deltas in and bytes out."""

    @property
    def is_finished(self) -> bool:
        """Whether the answer's end has been rendered, so that `finish` may be called."""
        ...

    def render(self, deltas: Sequence[Delta]) -> bytes:
        """One batch as the bytes of one write; b"" when there is nothing to say.

        Raises Fault(PROTOCOL_ERROR) when something follows the answer's end.
        """
        ...

    def finish(self) -> bytes:
        """What closes a whole answer; raises Fault(INCOMPLETE) when no `Finished` has come."""
        ...

    def fault(self, fault: Fault, *, is_passthrough: bool = False) -> bytes:
        """The event that ends a failed stream. Nothing may be sent after it."""
        ...


class AnswerFolder(Protocol):
    """The same deltas folded into one body."""

    def feed(self, deltas: Sequence[Delta]) -> None:
        """Take in one batch; raises Fault(PROTOCOL_ERROR) for what follows the answer's end."""
        ...

    def body(self) -> bytes:
        """The whole answer; raises Fault(INCOMPLETE) when no `Finished` has come."""
        ...


class DialectDescription(Struct, frozen=True):
    """What the OpenAPI document says of a dialect's addresses. The types are msgspec's.

    `answers` are JSON schemas of a good answer, by media type; `error` is what errors are where
    that is not OpenAI's object. `id_headers` carry an answer's id. Whoever sends one of
    `own_headers` is a client of this dialect, at addresses that several have. Names are lower case.
    """

    summary: str
    request: type
    answers: Mapping[str, Mapping[str, object]]
    model: type
    models: type
    error: type | None = None
    id_headers: tuple[bytes, ...] = (b"x-request-id",)
    own_headers: tuple[bytes, ...] = ()


class Dialect(Protocol):
    """A client API: how requests, answers and errors are spelled. Pure code."""

    @property
    def name(self) -> str:
        """One word for records and metrics."""
        ...

    @property
    def paths(self) -> Sequence[str]:
        """The addresses of its POST requests, below the route prefix."""
        ...

    @property
    def description(self) -> DialectDescription:
        """What the gateway's own document says of it."""
        ...

    @property
    def passed_headers(self) -> Mapping[bytes, re.Pattern[bytes]]:
        """The caller's headers that an upstream of this dialect sees, by their lower-case names.

        The pattern is what each of a header's items, between commas, has to be.
        """
        ...

    @property
    def ping(self) -> bytes:
        """What keeps a silent stream alive and means nothing."""
        ...

    def parse(self, body: bytes, limits: RequestLimits) -> Generator[None, None, ParsedRequest]:
        """Read a request, in steps; raises Fault(INVALID_REQUEST) and nothing else."""
        ...

    def renderer(self, parsed: ParsedRequest, head: AnswerHead) -> StreamRenderer:
        """What writes the streamed answer to this request."""
        ...

    def folder(self, parsed: ParsedRequest, head: AnswerHead) -> AnswerFolder:
        """What writes the answer to this request in one piece."""
        ...

    def fault(self, fault: Fault, *, is_passthrough: bool = False) -> RenderedFault:
        """The answer for a fault that is known before the first byte of an answer.

        In pass-through a refused credential is the caller's own key.
        """
        ...

    def models(self, models: Sequence[Model]) -> bytes:
        """The body of the list of models, in this order."""
        ...

    def model(self, model: Model) -> bytes:
        """The body that describes one model."""
        ...

    def limit_headers(self, standing: Standing) -> Iterable[tuple[bytes, bytes]]:
        """What is left of its key's limits, for the head of an answer."""
        ...
