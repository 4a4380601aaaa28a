"""The list of models, as OpenAI writes it.

The types are for the gateway's OpenAPI document; nothing is decoded with them.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec import Struct

from cursor_api.domain.catalog import Model
from cursor_api.wire.model_facts import ModelFacts, describe_model

_encode = msgspec.json.Encoder().encode


class ModelOut(Struct):
    """A model as OpenAI describes one, and what this gateway knows of it.

    `created` is unix seconds.
    """

    id: str
    object: str
    created: int
    owned_by: str
    cursor_api: ModelFacts


class ModelsOut(Struct):
    """All models."""

    object: str
    data: list[ModelOut]


def render_models(models: Iterable[Model]) -> bytes:
    """The body of GET /v1/models, in the order given."""
    return _encode({"object": "list", "data": [_model_object(model) for model in models]})


def render_model(model: Model) -> bytes:
    """The body of GET /v1/models/{id}."""
    return _encode(_model_object(model))


def _model_object(model: Model) -> dict[str, object]:
    return {
        "id": model.id,
        "created": model.created,
        "object": "model",
        "owned_by": model.owned_by,
        "cursor_api": describe_model(model),
    }
