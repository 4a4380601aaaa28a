"""An answer over HTTP as an upstream's deltas: what is the same whatever its form."""

from __future__ import annotations

import abc
from collections.abc import AsyncIterator, Sequence
from types import TracebackType

from cursor_api.domain.deltas import CONTENT, Delta, Finished
from cursor_api.ports.upstream import DeltaBatches
from cursor_api.transport.answer import HttpAnswer


class DeltaAnswer(abc.ABC):
    """Asks when it is entered, and gives itself to be iterated; leaving closes the request."""

    __slots__ = ("_has_begun", "_http")

    def __init__(self) -> None:
        self._has_begun = False

    @abc.abstractmethod
    async def _prepare(self) -> HttpAnswer:
        """The request, not yet sent; raises Fault. Nothing large is kept of it."""

    @abc.abstractmethod
    async def _accept(self) -> None:
        """Get ready to read `self._http`; raises the Fault of an answer that is none of ours."""

    @abc.abstractmethod
    async def __anext__(self) -> Sequence[Delta]:
        """The next batch, which was given to `_watch`."""

    async def __aenter__(self) -> DeltaBatches:
        self._http = await self._prepare()
        await self._http.__aenter__()
        try:
            await self._accept()
        except BaseException as error:
            await self._http.__aexit__(type(error), error, error.__traceback__)
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._http.__aexit__(kind, error, traceback)

    def __aiter__(self) -> AsyncIterator[Sequence[Delta]]:
        return self

    def _watch(self, deltas: Sequence[Delta]) -> None:
        """Which time limit holds from here on, and whether the connection can be kept."""
        if not self._has_begun and any(type(delta) in CONTENT for delta in deltas):
            self._has_begun = True
            self._http.mark_first_text()
        if isinstance(deltas[-1], Finished):
            self._http.mark_finished()
