"""The list of models, read with Anthropic's own types."""

from __future__ import annotations

import json

from anthropic.types import ModelInfo

from cursor_api.dialects.anthropic_messages.models import render_model, render_models
from cursor_api.domain.catalog import Model

MODELS = [Model("a", "x", 1_735_000_000), Model("b/c", "y", 0)]


def test_all_models_are_one_page() -> None:
    """In the order given."""
    page = json.loads(render_models(MODELS))
    assert (page["first_id"], page["last_id"], page["has_more"]) == ("a", "b/c", False)
    assert [ModelInfo.model_validate(one).id for one in page["data"]] == ["a", "b/c"]
    assert page["data"][0]["created_at"] == "2024-12-24T00:26:40Z"
    assert json.loads(render_model(MODELS[0])) == page["data"][0]


def test_no_models_are_a_page_as_well() -> None:
    """Without ids."""
    assert json.loads(render_models([])) == {
        "data": [],
        "has_more": False,
        "first_id": None,
        "last_id": None,
    }
