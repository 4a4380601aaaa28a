"""How requests and client APIs speak of kept answers."""

from __future__ import annotations

from cursor_api.domain.kept import KeptPage, Thread


def test_without_a_word_there_is_nothing_to_keep() -> None:
    """A thread goes on from nothing, and a page is OpenAI's usual one."""
    assert Thread() == Thread(None, is_kept=False, head_count=0, items=b"")
    assert KeptPage() == KeptPage(20, is_oldest_first=False, after=None)
