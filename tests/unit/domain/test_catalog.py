"""Models and routes as values."""

from __future__ import annotations

import pytest

from cursor_api.domain.catalog import Model, Route


def test_what_crosses_a_border_is_frozen() -> None:
    """A route handed to an upstream cannot be changed there."""
    with pytest.raises(AttributeError):
        Route("cursor", "gpt-4o").model = "other"  # type: ignore[misc]  # the point of the test
    with pytest.raises(AttributeError):
        Model("gpt-4o", "openai", 1).id = "other"  # type: ignore[misc]  # the point of the test
