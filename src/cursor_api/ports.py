"""What the decisions need from the outside, as small protocols owned by their consumers."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Generator, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, NamedTuple, Protocol, TypeVar

from cursor_api.domain.catalog import Model, Route
from cursor_api.domain.chat import ChatRequest
from cursor_api.domain.credential import (
    Credential,
    CredentialChange,
    CredentialForm,
    FileTexts,
    GivenCredential,
    Secret,
)
from cursor_api.domain.credential_health import CredentialHealth, Preferences
from cursor_api.domain.deltas import Delta
from cursor_api.domain.errors import Fault
from cursor_api.domain.features import Feature
from cursor_api.domain.kept import Thread
from cursor_api.domain.record import RequestRecord
from cursor_api.domain.words import UpstreamWords
from cursor_api.wire.limits import RequestLimits

_T = TypeVar("_T")

# One batch per network read: frames that came together leave together. Never empty.
DeltaBatches = AsyncIterator[Sequence[Delta]]


class Clock(Protocol):
    """Time as an argument."""

    def now(self) -> float:
        """Unix time in seconds."""
        ...

    def monotonic(self) -> float:
        """Seconds from an arbitrary start; never goes back."""
        ...


class Steps(Protocol):
    """Runs large work on the event loop in steps, which end at a `yield`; others go in between."""

    async def run(self, steps: Generator[None, None, _T]) -> _T:
        """What the work returns, or the exception that it raises."""
        ...


class Upstream(Protocol):
    """Somewhere a chat request can be answered."""

    async def list_models(self) -> Sequence[Model]:
        """The models it serves now, in the order callers shall see them.

        May ask the upstream: raises Fault. Whoever calls keeps the list for a while.
        """
        ...

    def open(
        self, request: ChatRequest, route: Route, credential: Credential
    ) -> AbstractAsyncContextManager[DeltaBatches]:
        """Ask, and give the answer's deltas.

        Entering returns once the upstream has accepted. Both entering and iterating raise Fault
        and nothing else (but CancelledError). Iteration ends only after a `Finished` delta.
        Leaving closes the upstream request at once.
        """
        ...


class Observer(Protocol):
    """Tells the operator what happened outside of requests."""

    def notice(self, event: str, /, **facts: object) -> None:
        """Something went as it should."""
        ...

    def warn(self, event: str, /, **facts: object) -> None:
        """Something a person should look at."""
        ...


class UpstreamParts(NamedTuple):
    """What a kind of upstream builds with.

    `endpoint` is the configured name. `headers` are the operator's own, for every request; a header
    that the upstream writes itself wins over one of the same name. `mask` takes every secret of
    this gateway, other endpoints' too, out of what an upstream said. `find_api_keys` gives its keys
    as they are now, of its settings or else those that serve, for what nobody in particular asks.
    """

    endpoint: str
    clock: Clock
    steps: Steps
    headers: tuple[tuple[str, Secret], ...] = ()
    mask: Callable[[str], str] = str
    find_api_keys: Callable[[], Sequence[Secret]] = tuple
    observer: Observer | None = None


class UpstreamKind(Protocol):
    """A way to reach models: how it is configured, what it says, how it is built."""

    @property
    def name(self) -> str:
        """What configuration calls it."""
        ...

    @property
    def options(self) -> type[Any]:
        """A frozen class whose fields carry their rows of settings."""
        ...

    @property
    def words(self) -> UpstreamWords:
        """What people are told about it."""
        ...

    @property
    def forms(self) -> Sequence[CredentialForm]:
        """What its secrets look like in the token file; empty where they are not kept there."""
        ...

    @property
    def features(self) -> frozenset[Feature]:
        """What it can do for a request of another dialect than its own."""
        ...

    @property
    def dialect(self) -> str:
        """The dialect whose requests it passes on as they came; "" where there is none."""
        ...

    def build(self, options: Any, parts: UpstreamParts) -> AbstractAsyncContextManager[Upstream]:
        """An upstream, open while the context lasts; raises OSError for options that fail."""
        ...


class ParsedRequest(NamedTuple):
    """A request as a dialect has read it. `style` is what only the answer's spelling needs.

    `ignored` names what was left out or replaced, in few words, for the answer's header.
    """

    chat: ChatRequest
    style: Any = None
    ignored: tuple[str, ...] = ()
    thread: Thread | None = None


class AnswerHead(NamedTuple):
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


class DialectDescription(NamedTuple):
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


class CredentialStore(Protocol):
    """Where credentials are kept; its owner edits it, one credential at a time.

    Every change raises StoreError with all problems when it cannot be made whole, StaleTextError
    when `if_match` is not the version of what is there; nothing is changed then.
    """

    @property
    def warnings(self) -> Sequence[str]:
        """What the last good load found worth telling."""
        ...

    async def load(self) -> Sequence[Credential]:
        """All of them, in the user's order.

        Raises `StoreError` when they cannot be read whole; nothing is changed then.
        """
        ...

    async def has_changed(self) -> bool:
        """Whether a load would see something new; cheap enough to ask every second."""
        ...

    def recognise(self, text: str, binding: str | None = None) -> Iterator[GivenCredential]:
        """What each line of a pasted text is; `binding` is given beside it, for a single line."""
        ...

    def spell(self, given: Sequence[GivenCredential]) -> str:
        """The same lines as `add` and `check` take them, each at its own number."""
        ...

    async def add(
        self, text: str, *, binding: str | None = None, if_match: str | None = None
    ) -> Sequence[Credential]:
        """Append one or more, spelled as the store spells them; gives them."""
        ...

    async def check(self, text: str, *, binding: str | None = None) -> None:
        """Whether `add` would take this now: raises what it would raise, and changes nothing."""
        ...

    async def remove(self, alias: str, *, if_match: str | None = None) -> None:
        """Delete a credential. Raises UnknownCredentialError."""
        ...

    async def update(
        self, alias: str, change: CredentialChange, *, if_match: str | None = None
    ) -> Credential:
        """Rewrite a credential; gives what it is now. Raises UnknownCredentialError."""
        ...


class CredentialTexts(Protocol):
    """A credential store that is two text files, edited as text."""

    async def read_text(self) -> FileTexts:
        """Both texts as they are, valid or not."""
        ...

    async def replace_text(
        self, tokens: str, token_list: str | None = None, *, if_match: str | None = None
    ) -> FileTexts:
        """Put new text in the place of both, or of the tokens alone (None).

        Raises StoreError with all problems, StaleTextError when `if_match` is not their etag;
        nothing is changed then.
        """
        ...


class CredentialFiles(CredentialStore, CredentialTexts, Protocol):
    """Both sides of the same files."""


# By credential: the digest of its secret, so that the state holds no secret.
PoolState = Mapping[str, tuple[Preferences, CredentialHealth]]


class PoolStateStore(Protocol):
    """Where the pool's state is kept over a restart."""

    async def load(self) -> PoolState:
        """What was saved last; empty when nothing was. Raises StoreError when unreadable."""
        ...

    async def save(self, state: PoolState) -> None:
        """Replace it whole. Raises StoreError; the earlier state is still there then."""
        ...


class RequestLog(Protocol):
    """What became of requests: a pending record of each first, then one of its end in its place.

    Records of one request have one id. None follows that of its end.
    """

    def record(self, record: RequestRecord) -> None:
        """Keep it; must not block or raise."""
        ...

    async def recent(self, count: int) -> Sequence[RequestRecord]:
        """The last `count` requests, oldest first."""
        ...

    @property
    def total_count(self) -> int:
        """Requests ever recorded."""
        ...
