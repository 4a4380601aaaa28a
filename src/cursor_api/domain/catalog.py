"""Models, and the way from a model's name to the place that serves it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Model:
    """A model as callers see it. `created` is unix seconds."""

    id: str
    owned_by: str
    created: int


class Route(NamedTuple):
    """Which endpoint serves a model, and under what name there."""

    endpoint: str
    model: str


@dataclass(frozen=True, slots=True)
class NamedModel:
    """A name that the operator gives to routes, in the order in which they are tried.

    `aliases` mean the same and are not listed.
    """

    name: str
    routes: tuple[Route, ...]
    aliases: tuple[str, ...] = ()
