"""The words in which permissions are stored and shown."""

from __future__ import annotations

from cursor_api.domain.permission import Permission


def test_the_words_are_those_that_users_write() -> None:
    """They stand in stored keys and in settings: another spelling would be another permission."""
    assert [one.value for one in Permission] == ["admin", "chat"]
