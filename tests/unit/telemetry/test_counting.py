"""Counters and histograms."""

from __future__ import annotations

import pytest

from cursor_api.telemetry.counting import Counts, Spreads

BOUNDS = (0.1, 1, 2.5, 600)
LABELS = ("model", "kind")


def test_a_child_has_a_value_for_each_label() -> None:
    """A mistake of ours ends at once."""
    counts = Counts("c", "About.", LABELS)
    with pytest.raises(ValueError, match="has the labels"):
        counts.labels("m")
    counts.labels("m", "k").inc(2)
    assert repr(counts) == "Counts(c, 1)"
    assert repr(counts.labels("m", "k")) == "Count(2)"
    spread = Spreads("s", "About.", (), BOUNDS).labels()
    spread.observe(1)
    assert repr(spread) == "Spread(1)"
