"""The list of models, as Anthropic writes it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from cursor_api.domain.catalog import Model
from cursor_api.wire.model_facts import describe_model

_encode = msgspec.json.Encoder().encode


def render_models(models: Sequence[Model]) -> bytes:
    """The body of GET /v1/models, in the order given: always one page with all of them."""
    return _encode(
        {
            "data": [_model_object(model) for model in models],
            "has_more": False,
            "first_id": models[0].id if models else None,
            "last_id": models[-1].id if models else None,
        }
    )


def render_model(model: Model) -> bytes:
    """The body of GET /v1/models/{id}."""
    return _encode(_model_object(model))


def _model_object(model: Model) -> dict[str, object]:
    return {
        "type": "model",
        "id": model.id,
        "display_name": model.id,
        "created_at": datetime.fromtimestamp(model.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        # What is not served any more is not listed.
        "lifecycle": "active",
        "max_input_tokens": model.context_count,
        "cursor_api": describe_model(model),
    }
