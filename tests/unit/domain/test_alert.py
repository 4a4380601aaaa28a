"""The kinds of alerts are words that programs rely on."""

from __future__ import annotations

from cursor_api.domain.alert import AlertKind


def test_the_words_do_not_change() -> None:
    """Somebody's rules match on them."""
    assert {kind.value for kind in AlertKind} == {
        *("credential_quarantined", "credential_expires", "credential_expired"),
        *("budget_nearly_spent", "budget_spent"),
        *("nobody_left", "upstream_open", "records_not_written", "records_dropped"),
        "shared_state_away",
    }
