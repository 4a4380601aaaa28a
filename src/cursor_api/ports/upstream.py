"""A way to reach models: how it is described, built and asked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from msgspec import Struct

from cursor_api.domain.catalog import Model, Route
from cursor_api.domain.chat import ChatRequest
from cursor_api.domain.credential import Credential, CredentialForm, Secret
from cursor_api.domain.deltas import Delta
from cursor_api.domain.features import Feature
from cursor_api.domain.words import UpstreamWords
from cursor_api.ports.nodes import Nodes
from cursor_api.ports.process import Clock, Observer, Steps

# One batch per network read: frames that came together leave together. Never empty.
DeltaBatches = AsyncIterator[Sequence[Delta]]


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

    def find_lacks(self, model: str) -> frozenset[Feature]:
        """What of its kind's features this model of its does not have, where it is served."""
        ...


class UpstreamParts(Struct, frozen=True):
    """What a kind of upstream builds with.

    `endpoint` is the configured name. `headers` are the operator's own, for every request; a header
    that the upstream writes itself wins over one of the same name. `mask` takes every secret of
    this gateway, other endpoints' too, out of what an upstream said. `find_api_keys` gives its keys
    as they are now, of its settings or else those that serve, for what nobody in particular asks.
    `nodes` is None where this process serves alone.
    """

    endpoint: str
    clock: Clock
    steps: Steps
    headers: tuple[tuple[str, Secret], ...] = ()
    mask: Callable[[str], str] = str
    find_api_keys: Callable[[], Sequence[Secret]] = tuple
    observer: Observer | None = None
    nodes: Nodes | None = None


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
