"""Which models there are, and which routes lead to each.

Rules of this file:
- A name is looked up in a table that is made anew whenever a list changes: a request costs one
  look.
- The operator's own names come first, then `endpoint/model`, which is one route whatever else is
  called so, then the operator's patterns, then the names of the endpoints, in their order. Where
  two serve the same name, the routes follow each other.
- A pattern leads only to endpoints that list the model, where any of them does.
- A name that an endpoint lists with a `*` at its end stands for all that begin so: a model with
  parameters behind its name. It is not shown.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice

from msgspec.structs import replace

from cursor_api.domain.catalog import ANY, Model, NamedModel, Route
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.domain.features import Feature

SUGGESTIONS_MAX = 3
# The largest resellers list some hundred; each costs memory in every list that is made of them.
MODELS_PER_ENDPOINT_MAX = 5_000
# Who an operator's own name belongs to.
OWN = "gateway"
# Real names stay below 100; comparing takes quadratic time, and an address may hold 60 KB. One name
# takes 20 us, in which everybody else waits.
COMPARED_CHARS_MAX = 256
COMPARED_COUNT_MAX = 300


class Catalog:
    """The models of all endpoints. `put` gives each endpoint its list."""

    def __init__(self, named: Sequence[NamedModel] = ()) -> None:
        self._named = tuple(named)
        self._lists: dict[str, tuple[Model, ...]] = {}
        self._features: Mapping[str, frozenset[Feature]] = {}
        self._models: dict[str, Model] = {}
        self._routes: dict[str, tuple[Route, ...]] = {}
        self._beginnings: dict[str, tuple[str, ...]] = {}
        self._build()

    def __repr__(self) -> str:
        counts = ", ".join(f"{name}={len(models)}" for name, models in self._lists.items())
        return f"Catalog({counts})"

    @property
    def models(self) -> tuple[Model, ...]:
        """All models, in the order callers see them."""
        return tuple(self._models.values())

    def lists(self, name: str) -> bool:
        """Whether this is the name of a model that callers see."""
        return name in self._models

    def models_of(self, endpoint: str) -> tuple[Model, ...]:
        """What an endpoint serves, as far as is known."""
        return self._lists.get(endpoint, ())

    def names_at(self, endpoint: str) -> list[str]:
        """What its models are called there: those it lists, then those that are routed to it."""
        listed = [model.id for model in self.models_of(endpoint) if ANY not in model.id]
        routed = [route for named in self._named for route in named.routes]
        return listed + [route.model for route in routed if route.endpoint == endpoint]

    def put(self, endpoint: str, models: Iterable[Model]) -> None:
        """From now on the endpoint serves these, the first MODELS_PER_ENDPOINT_MAX of them."""
        self._lists[endpoint] = tuple(islice(models, MODELS_PER_ENDPOINT_MAX))
        self._build()

    def use(self, named: Sequence[NamedModel], endpoints: Mapping[str, frozenset[Feature]]) -> None:
        """Other names of the operator's, and the endpoints that there are with what they can do."""
        self._named = tuple(named)
        self._features = dict(endpoints)
        self._lists = {name: self._lists.get(name, ()) for name in endpoints}
        self._build()

    def get_model(self, model_id: str, *, tells_near: bool = True) -> Model:
        """One model, by any name that a request may use.

        Raises Fault(MODEL_NOT_FOUND) that names the nearest ones where `tells_near`: finding them
        takes a hundred times as long as not finding the model.
        """
        model = self._models.get(model_id)
        if model is not None:
            return model
        routes = self._find(model_id)
        if not routes:
            raise self._not_found(model_id, tells_near=tells_near)
        known = self._models.get(routes[0].model)
        found = Model(model_id, known.owned_by if known else OWN, known.created if known else 0)
        return self._describe(found, routes)

    def resolve(self, model_id: str) -> tuple[Route, ...]:
        """The ways to a model, the first to be tried first; at least one.

        Raises Fault(MODEL_NOT_FOUND) that names the nearest models.
        """
        routes = self._find(model_id)
        if not routes:
            raise self._not_found(model_id)
        return routes

    def _find(self, model_id: str) -> tuple[Route, ...]:
        return self._routes.get(model_id) or self._match(model_id) or self._find_begun(model_id)

    def _match(self, model_id: str) -> tuple[Route, ...]:
        """The routes of the first pattern that the name fits."""
        for named in self._named:
            for pattern in (named.name, *named.aliases):
                before, star, after = pattern.partition(ANY)
                end = len(model_id) - len(after)
                if (
                    star
                    and len(before) <= end
                    and model_id.startswith(before)
                    and model_id.endswith(after)
                ):
                    return self._fill(named.routes, model_id[len(before) : end])
        return ()

    def _find_begun(self, model_id: str) -> tuple[Route, ...]:
        """The endpoints that list what the name begins with."""
        found = {
            Route(endpoint, name): None
            for endpoint, beginnings in self._beginnings.items()
            for name in (model_id, model_id.removeprefix(f"{endpoint}/"))
            if name.startswith(beginnings)
        }
        return tuple(found)

    def _fill(self, patterns: Iterable[Route], text: str) -> tuple[Route, ...]:
        routes = tuple(Route(one.endpoint, one.model.replace(ANY, text)) for one in patterns)
        known = tuple(one for one in routes if one.model in self._names.get(one.endpoint, ()))
        return known or routes

    def _build(self) -> None:
        self._names = {
            endpoint: frozenset(model.id for model in listed)
            for endpoint, listed in self._lists.items()
        }
        models = {one.name: Model(one.name, OWN, 0) for one in self._named if ANY not in one.name}
        routes = {
            name: named.routes
            for named in self._named
            for name in (named.name, *named.aliases)
            if ANY not in name
        }
        shown = {
            endpoint: [model for model in listed if ANY not in model.id]
            for endpoint, listed in self._lists.items()
        }
        self._beginnings = {
            endpoint: tuple(
                one.id.removesuffix(ANY) for one in listed if one.id.endswith(ANY) and one.id != ANY
            )
            for endpoint, listed in self._lists.items()
        }
        for endpoint, models_there in shown.items():
            for model in models_there:
                routes.setdefault(f"{endpoint}/{model.id}", (Route(endpoint, model.id),))
        self._add_listed(shown, models, routes)
        self._models = {name: self._describe(one, routes[name]) for name, one in models.items()}
        self._routes = routes

    def _add_listed(
        self,
        shown: Mapping[str, Iterable[Model]],
        models: dict[str, Model],
        routes: dict[str, tuple[Route, ...]],
    ) -> None:
        """The endpoints' own names, where they mean nothing else."""
        own = frozenset(routes)
        for endpoint, listed in shown.items():
            for model in listed:
                if model.id not in own:
                    models.setdefault(model.id, model)
                    routes[model.id] = (*routes.get(model.id, ()), Route(endpoint, model.id))
        for name in models.keys() - own:
            routes[name] = self._match(name) or routes[name]

    def _describe(self, model: Model, routes: tuple[Route, ...]) -> Model:
        """With the ways to it, and what can be done on at least one of them."""
        features = model.features
        if features is None:
            of_each = [self._features.get(one.endpoint, frozenset[Feature]()) for one in routes]
            features = frozenset[Feature]().union(*of_each)
        return replace(model, features=features, routes=routes)

    def _not_found(self, model_id: str, *, tells_near: bool = True) -> Fault:
        is_name = tells_near and len(model_id) <= COMPARED_CHARS_MAX
        names = list(islice(self._models, COMPARED_COUNT_MAX)) if is_name else ()
        near = difflib.get_close_matches(model_id, names, SUGGESTIONS_MAX, cutoff=0.5)
        hint = f"Did you mean {', '.join(near)}? " if near else ""
        return Fault(
            FaultKind.MODEL_NOT_FOUND,
            f"The model {model_id[:100]!r} does not exist. {hint}GET /v1/models lists all of them.",
            param="model",
        )
