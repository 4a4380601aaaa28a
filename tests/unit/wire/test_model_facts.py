"""What is said of a model beside a client API's own fields."""

from __future__ import annotations

import msgspec

from cursor_api.domain.catalog import Model, Route
from cursor_api.domain.features import Feature
from cursor_api.wire.model_facts import describe_model


def test_a_model_says_what_it_can_do_and_where() -> None:
    """Features of at least one route; the routes in their order."""
    can = frozenset({Feature.TOOLS, Feature.REASONING})
    model = Model("m", "me", 1, 200_000, can, (Route("one", "m"), Route("two", "vendor/m")))
    assert msgspec.to_builtins(describe_model(model)) == {
        "context": 200_000,
        "tools": True,
        "images": False,
        "reasoning": True,
        "routes": ["one/m", "two/vendor/m"],
    }


def test_what_nobody_knows_is_not_claimed() -> None:
    """No context, no feature."""
    facts = msgspec.to_builtins(describe_model(Model("m", "me", 1)))
    assert facts.pop("context") is None
    assert not any(facts.values())
