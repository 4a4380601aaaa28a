"""What this gateway says of a model beside what a client API has fields for."""

from __future__ import annotations

from msgspec import Struct

from cursor_api.domain.catalog import Model
from cursor_api.domain.features import Feature


class ModelFacts(Struct):
    """`context` is how many tokens it takes in, null where nobody says.

    `routes` are the ways to it, as `upstream/model`, the first to be tried first.
    """

    context: int | None
    tools: bool
    images: bool
    reasoning: bool
    routes: list[str]


def describe_model(model: Model) -> ModelFacts:
    """What it can do on at least one of its routes."""
    features = model.features or frozenset()
    return ModelFacts(
        context=model.context_count,
        tools=Feature.TOOLS in features,
        images=Feature.IMAGES in features,
        reasoning=Feature.REASONING in features,
        routes=[f"{route.endpoint}/{route.model}" for route in model.routes],
    )
