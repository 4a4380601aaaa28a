"""The kinds of acts are words that are kept for years."""

from __future__ import annotations

from cursor_api.domain.act import COMMAND_LINE, FILES, SIGNAL, ActKind
from cursor_api.domain.api_key import RESERVED_IDS


def test_the_words_do_not_change() -> None:
    """What was kept is found by them."""
    assert {kind.value for kind in ActKind} == {
        *("key_created", "key_changed", "key_rotated", "key_revoked", "key_deleted"),
        *("price_set", "price_removed", "setting_changed", "settings_reloaded", "upstream_added"),
        *("credential_added", "credential_changed", "credential_removed", "tokens_replaced"),
        "records_deleted",
    }


def test_no_api_key_can_be_called_as_those_who_have_none() -> None:
    """Or nobody could tell who it was."""
    assert all(RESERVED_IDS.fullmatch(one) for one in (COMMAND_LINE, FILES, SIGNAL))
