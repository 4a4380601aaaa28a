from __future__ import annotations

from cursor_api.simulator.anthropic.seals import is_genuine, sign


def test_only_its_own_thoughts_are_genuine() -> None:
    """Unchanged, with the signature that they had."""
    assert is_genuine("tea", sign("tea"))
    assert not is_genuine("milk", sign("tea"))
    assert not is_genuine("tea", "é")
