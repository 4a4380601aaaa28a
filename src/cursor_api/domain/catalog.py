"""Models, and the way from a model's name to the place that serves it."""

from __future__ import annotations

from typing import NamedTuple

from cursor_api.domain.features import Feature
from cursor_api.domain.value import Value

# In an operator's name for models, any text.
ANY = "*"


class Route(NamedTuple):
    """Which endpoint serves a model, and under what name there."""

    endpoint: str
    model: str


class Model(Value, frozen=True):
    """A model as callers see it. `created` is unix seconds.

    `context_count` is how many tokens it takes in, None where nobody says. `features` are what it
    can do; None: what its upstream can. `routes` are the ways to it, the first to be tried first.
    """

    id: str
    owned_by: str
    created: int
    context_count: int | None = None
    features: frozenset[Feature] | None = None
    routes: tuple[Route, ...] = ()


class NamedModel(Value, frozen=True):
    """A name that the operator gives to routes, in the order in which they are tried.

    `aliases` mean the same and are not listed. One `*` in the name stands for any text, and in a
    route for the same text; such a name is not listed.
    """

    name: str
    routes: tuple[Route, ...]
    aliases: tuple[str, ...] = ()
