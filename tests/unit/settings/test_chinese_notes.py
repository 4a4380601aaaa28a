"""Every note on a default has its translation, and none is left over."""

from __future__ import annotations

from cursor_api.installed import SCHEMA
from cursor_api.settings import chinese_notes
from tests.unit.settings.test_chinese import HAN


def test_every_note_is_translated_and_none_is_left_over() -> None:
    """Those of defaults that are no fixed ones."""
    assert list(chinese_notes.NOTES) == [row.variable for row in SCHEMA.rows if row.default_note]
    assert all(map(HAN.search, chinese_notes.NOTES.values()))
