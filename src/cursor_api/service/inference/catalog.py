"""Which models there are, and where each is served."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from cursor_api.domain.catalog import Model, Route
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.ports import Upstream

SUGGESTIONS_MAX = 3
# Real names stay below 100; comparing takes quadratic time, and an address may hold 60 KB.
COMPARED_CHARS_MAX = 256


class Catalog:
    """The models of all upstreams. The first upstream that serves a name gets it."""

    def __init__(self, upstreams: Mapping[str, Upstream]) -> None:
        self._models: dict[str, Model] = {}
        self._routes: dict[str, Route] = {}
        for name, upstream in upstreams.items():
            for model in upstream.models():
                self._models.setdefault(model.id, model)
                self._routes.setdefault(model.id, Route(upstream=name, model=model.id))

    @property
    def models(self) -> tuple[Model, ...]:
        """All models, in the order callers see them."""
        return tuple(self._models.values())

    def get_model(self, model_id: str) -> Model:
        """One model; raises Fault(MODEL_NOT_FOUND) that names the nearest ones."""
        model = self._models.get(model_id)
        if model is None:
            raise self._not_found(model_id)
        return model

    def resolve(self, model_id: str) -> Route:
        """The way to a model; raises Fault(MODEL_NOT_FOUND) that names the nearest ones."""
        route = self._routes.get(model_id)
        if route is None:
            raise self._not_found(model_id)
        return route

    def _not_found(self, model_id: str) -> Fault:
        is_name = len(model_id) <= COMPARED_CHARS_MAX
        names = self._models if is_name else ()
        near = difflib.get_close_matches(model_id, names, SUGGESTIONS_MAX, cutoff=0.5)
        hint = f"Did you mean {', '.join(near)}?" if near else "GET /v1/models lists all of them."
        return Fault(
            FaultKind.MODEL_NOT_FOUND,
            f"The model {model_id[:100]!r} does not exist. {hint}",
            param="model",
        )
