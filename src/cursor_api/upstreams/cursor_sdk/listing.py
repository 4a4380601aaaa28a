"""The models of the official way: what Cursor lists to the keys that there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from cursor_api.domain.catalog import Model
from cursor_api.domain.credential import Secret
from cursor_api.domain.errors import Fault, Scope
from cursor_api.ports.upstream import UpstreamParts
from cursor_api.upstreams.cursor_sdk.calls import LIST_MODELS, SdkCalls
from cursor_api.upstreams.cursor_sdk.models import (
    KeptModels,
    ModelSelection,
    SdkModel,
    check_selection,
    list_names,
    parse_selection,
    read_models,
)

# Accounts differ in their models; with more keys than this the first ones stand for all.
ASKED_KEYS_MAX: Final = 8


class ModelListing:
    """Asks for the models, and keeps what each key was told for a while."""

    def __init__(self, calls: SdkCalls, parts: UpstreamParts) -> None:
        self._calls = calls
        self._parts = parts
        self._kept = KeptModels(self._ask, parts.clock)

    def __repr__(self) -> str:
        return f"ModelListing({self._kept})"

    async def list_models(self) -> Sequence[Model]:
        """Those of all keys together; see ports.Upstream.

        Without a key nobody is asked, and no bridge is started.
        """
        models: dict[str, SdkModel] = {}
        refusal: Fault | None = None
        for key in self._parts.find_api_keys()[:ASKED_KEYS_MAX]:
            try:
                told = await self._kept.get(key)
            except Fault as fault:
                if fault.scope is not Scope.CREDENTIAL:
                    raise
                refusal = fault
            else:
                for model in told:
                    models.setdefault(model.id, model)
        if refusal is not None and not models:
            raise refusal
        return list_names(models.values(), self._parts.endpoint)

    def select(self, name: str, key: Secret) -> ModelSelection:
        """What a caller's name of a model means; raises Fault(INVALID_REQUEST).

        Its parameters are looked up as far as the key's models are known.
        """
        selection = parse_selection(name)
        check_selection(selection, self._kept.find(key) or ())
        return selection

    def find_values(self, model: str, parameter: str, key: Secret) -> Sequence[str]:
        """What a parameter of a model may be, as far as the key's models are known."""
        known = (one for one in self._kept.find(key) or () if one.id == model)
        return next((one.parameters.get(parameter, ()) for one in known), ())

    async def _ask(self, key: Secret) -> list[SdkModel]:
        message = {"options": {"apiKey": key.reveal()}}
        return read_models(await self._calls.call(LIST_MODELS, message, key))
