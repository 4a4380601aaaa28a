"""The lists of models, asked from the endpoints and kept for a while."""

from __future__ import annotations

import asyncio

from cursor_api.domain.errors import Fault
from cursor_api.ports import Observer
from cursor_api.service.inference.catalog import MODELS_PER_ENDPOINT_MAX, Catalog
from cursor_api.service.inference.endpoints import Endpoint, Endpoints

# Upstreams add a model now and then; a newcomer who misses one looks again after a coffee.
REFRESH_S = 600.0
# A start waits for no list longer than this; what comes later is there at the next round.
ANSWER_S = 10.0


class ModelLists:
    """Keeps a catalogue up to date."""

    def __init__(self, catalog: Catalog, endpoints: Endpoints, observer: Observer) -> None:
        self._catalog = catalog
        self._endpoints = endpoints
        self._observer = observer
        # By endpoint, why its list could not be had last time, so that it is said once.
        self._failures: dict[str, str] = {}

    async def refresh(self) -> None:
        """Ask all of them at once. One that does not answer keeps the list that it had."""
        await asyncio.gather(*map(self._refresh, self._endpoints.values()))

    async def watch(self) -> None:
        """Ask again from time to time, until cancelled."""
        while True:
            await asyncio.sleep(REFRESH_S)
            await self.refresh()

    async def _refresh(self, endpoint: Endpoint) -> None:
        name = endpoint.name
        try:
            async with asyncio.timeout(ANSWER_S):
                models = await endpoint.upstream.list_models()
        except TimeoutError:
            self._fail(name, f"no answer within {ANSWER_S:g} s")
        except Fault as fault:
            self._fail(name, fault.message)
        else:
            self._failures.pop(name, None)
            if len(models) > MODELS_PER_ENDPOINT_MAX:
                self._observer.warn(
                    "an upstream lists more models than are kept",
                    upstream=name,
                    listed_count=len(models),
                    kept_count=MODELS_PER_ENDPOINT_MAX,
                )
            if tuple(models) != self._catalog.models_of(name):
                self._catalog.put(name, models)

    def _fail(self, name: str, detail: str) -> None:
        if self._failures.get(name) != detail:
            self._failures[name] = detail
            self._observer.warn(
                "the list of models cannot be had; what was known of it is served",
                upstream=name,
                detail=detail,
            )
