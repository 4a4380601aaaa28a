"""Timeouts by model."""

from __future__ import annotations

import pytest

from cursor_api.options.by_model import SecondsByModel
from cursor_api.transport.options import Timeouts
from cursor_api.transport.timeouts import TimeoutsByModel


def test_models_that_think_unseen_are_given_time() -> None:
    """The defaults: three minutes for a first word, five for those whose names say so."""
    timeouts = TimeoutsByModel()
    assert timeouts.for_model("gpt-4o") == Timeouts(180, 120)
    for name in ("o1-preview", "o3", "o4-mini", "claude-3.7-sonnet-thinking"):
        assert timeouts.for_model(name) == Timeouts(300, 120)


def test_the_first_row_that_fits_counts() -> None:
    """In the order in which they were written; letters of another case are another model."""
    timeouts = TimeoutsByModel((("o1-mini", 1.0), ("o1*", 2.0), ("*", 3.0)))
    assert [timeouts.for_model(name).first_token_s for name in ("o1-mini", "o1", "O1")] == [1, 2, 3]


@pytest.mark.parametrize("rows", [(), (("o1*", 1.0),), (("*", 1.0), ("o1", 2.0)), (("*", 0.0),)])
def test_no_model_is_left_without_a_limit(rows: SecondsByModel) -> None:
    """A row for all others stands last, and every limit is one."""
    with pytest.raises(ValueError, match="first_token_s"):
        TimeoutsByModel(first_token_s=rows)
