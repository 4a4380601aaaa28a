"""The lists of models, asked from the endpoints and kept for a while."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from cursor_api.domain.catalog import Model
from cursor_api.domain.credential import Secret
from cursor_api.domain.errors import Fault
from cursor_api.options.said import tell
from cursor_api.ports.process import Observer
from cursor_api.service.inference.catalog import MODELS_PER_ENDPOINT_MAX, Catalog
from cursor_api.service.inference.endpoints import Endpoint, Endpoints

# Upstreams add a model now and then; ten minutes until it is listed are soon enough.
REFRESH_S = 600.0
# How soon an endpoint is asked whose first credentials have changed: who has added or renewed one
# looks for its models next. With more of them than this the others change no list.
LOOK_S = 1.0
FIRST_CREDENTIALS = 8
# The start waits no longer than this for a list; one that comes later is asked for again.
ANSWER_S = 10.0


class ModelLists:
    """Keeps a catalogue up to date."""

    def __init__(self, catalog: Catalog, endpoints: Endpoints, observer: Observer) -> None:
        self._catalog = catalog
        self._endpoints = endpoints
        self._observer = observer
        # By endpoint, why its list could not be had last time, so that it is said once.
        self._failures: dict[str, str] = {}
        self._fixed: frozenset[str] = frozenset()
        self._first_secrets: dict[str, tuple[Secret, ...]] = {}

    def fix(self, lists: Mapping[str, Sequence[str]]) -> None:
        """These endpoints serve the models that the operator names, and are not asked."""
        self._fixed = frozenset(lists)
        for name, models in lists.items():
            self._catalog.put(name, [Model(model, name, 0) for model in models])

    async def refresh(self) -> None:
        """Ask all of them at once. One that does not answer keeps the list that it had."""
        self._first_secrets = self._find_first_secrets()
        asked = [one for one in self._endpoints.values() if one.name not in self._fixed]
        await asyncio.gather(*map(self._refresh, asked))

    def _find_first_secrets(self) -> dict[str, tuple[Secret, ...]]:
        return {
            one.name: tuple(slot.credential.secret for slot in one.pool.slots[:FIRST_CREDENTIALS])
            for one in self._endpoints.values()
        }

    async def watch(self) -> None:
        """Ask again from time to time, and where credentials changed at once; until cancelled."""
        while True:
            left_s = REFRESH_S
            while left_s > 0:
                await asyncio.sleep(min(LOOK_S, left_s))
                left_s -= LOOK_S
                await self._refresh_changed()
            await self.refresh()

    async def _refresh_changed(self) -> None:
        before, self._first_secrets = self._first_secrets, self._find_first_secrets()
        changed = [
            name
            for name, secrets in self._first_secrets.items()
            if secrets and secrets != before.get(name) and name not in self._fixed
        ]
        await asyncio.gather(*(self._refresh(self._endpoints[name]) for name in changed))

    async def _refresh(self, endpoint: Endpoint) -> None:
        name = endpoint.name
        try:
            async with asyncio.timeout(ANSWER_S):
                models = await endpoint.upstream.list_models()
        except TimeoutError:
            self._fail(name, tell("no answer within {limit_s} s", limit_s=f"{ANSWER_S:g}"))
        except Fault as fault:
            self._fail(name, fault.said)
        except Exception as error:  # noqa: BLE001 - a bug in one kind keeps no other list from coming
            self._fail(name, f"{type(error).__name__} (a bug)", error)
        else:
            # A reload may have taken it out meanwhile, or named its models.
            if self._endpoints.get(name) is not endpoint or name in self._fixed:
                return
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

    def _fail(self, name: str, detail: str, bug: Exception | None = None) -> None:
        if self._failures.get(name) != detail:
            self._failures[name] = detail
            is_known = bool(self._catalog.models_of(name))
            self._observer.warn(
                tell("the list of models cannot be fetched; the last known one is used")
                if is_known
                else tell("the list of models cannot be fetched; none is known yet"),
                upstream=name,
                detail=detail,
                exc_info=bug,
            )
