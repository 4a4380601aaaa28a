"""The official way until somebody needs it: nothing of it is loaded, and no place is taken."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from types import TracebackType
from typing import Self

from cursor_api.domain.catalog import Model, Route
from cursor_api.domain.chat import ChatRequest
from cursor_api.domain.credential import Credential, Secret
from cursor_api.domain.features import Feature
from cursor_api.ports.upstream import DeltaBatches, Upstream

Build = Callable[[], AbstractAsyncContextManager[Upstream]]


class LateUpstream:
    """Implements `ports.Upstream`. The first who asks has it built; it ends with the context.

    Every gateway has this upstream, and few have a key for it.
    """

    def __init__(self, build: Build, find_api_keys: Callable[[], Sequence[Secret]]) -> None:
        self._build = build
        self._find_api_keys = find_api_keys
        self._stack = AsyncExitStack()
        self._built: Upstream | None = None
        self._turn = asyncio.Lock()

    def __repr__(self) -> str:
        return f"LateUpstream({self._built!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._stack.__aexit__(kind, error, traceback)

    async def find_built(self) -> Upstream:
        """The upstream itself."""
        async with self._turn:
            if self._built is None:
                self._built = await self._stack.enter_async_context(self._build())
            return self._built

    async def list_models(self) -> Sequence[Model]:
        """See ports.Upstream. Without a key nobody is asked."""
        if not self._find_api_keys():
            return ()
        return await (await self.find_built()).list_models()

    @asynccontextmanager
    async def open(
        self, request: ChatRequest, route: Route, credential: Credential
    ) -> AsyncIterator[DeltaBatches]:
        """See ports.Upstream."""
        async with (await self.find_built()).open(request, route, credential) as batches:
            yield batches

    def find_lacks(self, _model: str) -> frozenset[Feature]:
        """See ports.Upstream. Its models are not told apart."""
        return frozenset()
