"""CredentialHealth as a value."""

from __future__ import annotations

from cursor_api.domain.credential_health import CredentialHealth, Preferences


def test_a_new_credential_serves_without_conditions() -> None:
    """Enabled, unlimited, equal to all others, without a past."""
    assert Preferences() == Preferences(priority=0, weight=1, concurrency_max=None, is_enabled=True)
    assert CredentialHealth().quarantine is None
    assert CredentialHealth().cooldowns == ()
