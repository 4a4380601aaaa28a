"""The fixed list of models."""

from __future__ import annotations

from cursor_api.domain.catalog import Model
from cursor_api.upstreams.cursor.models import (
    CREATED,
    LONG_CONTEXT_MODELS,
    MODELS,
    list_models,
)


def test_the_models_are_the_references_in_its_order() -> None:
    """Clients have saved these names; menus show them in this order."""
    assert " ".join(model.id for model in MODELS) == (
        "cursor-small claude-3-opus cursor-fast gpt-3.5-turbo gpt-4-turbo-2024-04-09 gpt-4"
        " gpt-4o-128k gemini-1.5-flash-500k claude-3-haiku-200k claude-3-5-sonnet-200k"
        " claude-3-5-sonnet-20240620 claude-3-5-sonnet-20241022 gpt-4o-mini o1-mini o1-preview o1"
        " claude-3.5-haiku gemini-exp-1206 gemini-2.0-flash-thinking-exp gemini-2.0-flash-exp"
    )
    assert {model.created for model in MODELS} == {1706659200}


def test_every_model_has_the_owner_its_name_tells() -> None:
    """Owners are those of the earlier program."""
    owners = {"cursor": "cursor", "claude": "anthropic", "gpt": "openai", "gemini": "google"}
    for model in MODELS:
        family = model.id.split("-")[0]
        assert model.owned_by == owners.get(family, "openai")


def test_long_context_models_are_models() -> None:
    """A misspelt name here would silently ask for the short context."""
    assert {model.id for model in MODELS} >= LONG_CONTEXT_MODELS
    assert len(LONG_CONTEXT_MODELS) == 4


def test_the_operators_names_are_listed_behind_the_old_ones() -> None:
    """A name that is there already stands where it was."""
    assert list_models(()) == MODELS
    assert list_models(("gpt-4o", "gpt-4")) == (*MODELS, Model("gpt-4o", "cursor", CREATED))
