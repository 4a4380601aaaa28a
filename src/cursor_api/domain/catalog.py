"""Models, and the way from a model's name to the place that serves it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Model:
    """A model as callers see it. `created` is unix seconds."""

    id: str
    owned_by: str
    created: int


@dataclass(frozen=True, slots=True)
class Route:
    """Which endpoint serves a model, and under what name there."""

    upstream: str
    model: str
