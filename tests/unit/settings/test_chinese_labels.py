"""Every short word around settings has its translation, and none is left over."""

from __future__ import annotations

import re

import pytest

from cursor_api.installed import SCHEMA
from cursor_api.settings import chinese_labels
from tests.unit.settings.test_chinese import BLOCK_ROWS, HAN


def test_every_heading_is_translated_and_none_is_left_over() -> None:
    """In the order of the page."""
    assert list(chinese_labels.TITLES) == list(SCHEMA.titles)
    assert all(map(HAN.search, chinese_labels.TITLES.values()))


def test_every_label_is_translated_and_none_is_left_over() -> None:
    """What differs among values of a sort stays as it is."""
    labels = {row.kind.label for row in (*SCHEMA.rows, *BLOCK_ROWS.values())}
    used = set()
    for label in labels:
        translated = chinese_labels.translate_label(label)
        assert HAN.search(translated)
        assert re.findall(r"\d+|`\w+`", label) == re.findall(r"\d+|`\w+`", translated)
        used.add(next(key for key, text in chinese_labels.LABELS.items() if _fits(key, label)))
    assert used == set(chinese_labels.LABELS)
    with pytest.raises(KeyError):
        chinese_labels.translate_label("number of sorts")


def _fits(pattern: str, label: str) -> bool:
    return bool(re.fullmatch(".+".join(map(re.escape, pattern.split("{}"))), label))
