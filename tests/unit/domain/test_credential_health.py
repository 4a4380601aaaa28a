"""CredentialHealth as a value."""

from __future__ import annotations

from cursor_api.domain.credential_health import CredentialHealth, Preferences


def test_a_new_credential_serves_without_conditions() -> None:
    """Enabled, unlimited, equal to all others, without a past."""
    assert Preferences() == Preferences(priority=0, weight=1, concurrency_max=None, is_enabled=True)
    assert CredentialHealth().quarantine is None
    assert CredentialHealth().cooldowns == ()


def test_two_changes_of_what_was_known_are_put_together() -> None:
    """Part by part; where both changed the same one, ours counts."""
    known = Preferences(priority=1, weight=2)
    ours = Preferences(priority=5, weight=2, concurrency_max=7)
    theirs = Preferences(priority=9, weight=2, is_enabled=False)
    assert ours.merge(known, theirs) == Preferences(
        priority=5, weight=2, concurrency_max=7, is_enabled=False
    )
    assert known.merge(known, theirs) is theirs
