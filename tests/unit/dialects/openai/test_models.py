"""The list of models."""

from __future__ import annotations

import json

from cursor_api.dialects.openai.models import render_model, render_models
from cursor_api.domain.catalog import Model


def test_models_have_the_reference_s_shape() -> None:
    """Ids, `created` and owners, in the order given."""
    models = [Model("b", "cursor", 1_706_659_200), Model("a", "openai", 1_706_659_200)]
    listed = json.loads(render_models(models))
    assert json.loads(render_model(models[0])) == listed["data"][0]
    # Beside the earlier program's fields stands what this gateway knows of each.
    assert [one.pop("cursor_api")["routes"] for one in listed["data"]] == [[], []]
    assert listed == {
        "object": "list",
        "data": [
            {"id": "b", "created": 1_706_659_200, "object": "model", "owned_by": "cursor"},
            {"id": "a", "created": 1_706_659_200, "object": "model", "owned_by": "openai"},
        ],
    }
    assert json.loads(render_models([])) == {"object": "list", "data": []}
