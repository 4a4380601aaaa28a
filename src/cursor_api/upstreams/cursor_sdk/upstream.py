"""Chat requests as runs of the official way's agents."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager

from cursor_api.domain.catalog import Model, Route
from cursor_api.domain.chat import ChatRequest
from cursor_api.domain.credential import Credential
from cursor_api.domain.features import Feature
from cursor_api.ports.upstream import DeltaBatches
from cursor_api.upstreams.cursor_sdk.listing import ModelListing
from cursor_api.upstreams.cursor_sdk.runs import RunAnswer, Runs


class SdkUpstream:
    """Implements `ports.Upstream`."""

    def __init__(self, listing: ModelListing, runs: Runs) -> None:
        self._listing = listing
        self._runs = runs

    def __repr__(self) -> str:
        return f"SdkUpstream({self._runs!r})"

    async def list_models(self) -> Sequence[Model]:
        """See ports.Upstream."""
        return await self._listing.list_models()

    def open(
        self, request: ChatRequest, route: Route, credential: Credential
    ) -> AbstractAsyncContextManager[DeltaBatches]:
        """See ports.Upstream."""
        return RunAnswer(self._runs, request, route, credential)

    def find_lacks(self, _model: str) -> frozenset[Feature]:
        """See ports.Upstream. Its models are not told apart."""
        return frozenset()
