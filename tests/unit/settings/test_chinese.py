"""Every text of the settings has its translation, and none is left over."""

from __future__ import annotations

import re

from cursor_api.installed import SCHEMA
from cursor_api.options.setting import find_rows
from cursor_api.settings import chinese, chinese_notes
from cursor_api.settings.blocks import MODEL_ROWS, upstream_rows

# Those of kinds with a table of their own stand there.
KINDS = {
    kind: {row.name: row for row in find_rows(options).values()}
    for kind, options in SCHEMA.kinds.items()
    if kind not in SCHEMA.own_kinds
}
BLOCKS = {"upstream": upstream_rows(SCHEMA.kinds), **KINDS, "model": MODEL_ROWS}
BLOCK_ROWS = {
    f"{table}.{name}": row for table, rows in BLOCKS.items() for name, row in rows.items()
}
HAN = re.compile(r"[\u4e00-\u9fff]")


def test_every_reason_is_translated_and_none_is_left_over() -> None:
    """In the rows' order, in sentences."""
    assert list(chinese.REASONS) == [row.variable for row in SCHEMA.rows]
    for variable, text in chinese.REASONS.items():
        assert re.search(r"[\u4e00-\u9fff].*。$", text), variable


def test_every_text_about_blocks_is_translated_and_none_is_left_over() -> None:
    """By their keys, in the rows' order; notes by what they say. What a table says is not twice."""
    said = {row.reason for row in SCHEMA.rows} | {row.default_note for row in SCHEMA.rows}
    new = [key for key, row in BLOCK_ROWS.items() if row.reason not in said]
    assert list(chinese.BLOCK_REASONS) == new
    for key, text in chinese.BLOCK_REASONS.items():
        assert re.search(r"[\u4e00-\u9fff].*。$", text), key
    notes = {row.default_note for row in BLOCK_ROWS.values()} - said
    assert set(chinese.BLOCK_NOTES) == notes
    assert all(map(HAN.search, chinese.BLOCK_NOTES.values()))


def test_names_are_the_same_in_both_languages() -> None:
    """What stands in backquotes is code; a translation names the same things."""
    for row in SCHEMA.rows:
        note = chinese_notes.NOTES.get(row.variable, "")
        translations = ((row.reason, chinese.REASONS[row.variable]), (row.default_note, note))
        for texts in translations:
            english, translated = (sorted(re.findall(r"`[^`]+`", text)) for text in texts)
            assert english == translated, row.variable
