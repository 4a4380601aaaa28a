"""What a request may ask for, and how much it matters."""

from __future__ import annotations

from cursor_api.domain.features import NEEDED, PREFERRED, PROVIDED, Feature


def test_what_is_needed_is_never_provided_or_merely_preferred() -> None:
    """A request is refused, rerouted or served with help: each feature knows which."""
    assert not NEEDED & PROVIDED
    assert not NEEDED & set(PREFERRED)


def test_each_feature_has_words_of_its_own() -> None:
    """They stand in error messages."""
    assert len({feature.value for feature in Feature}) == len(Feature)
