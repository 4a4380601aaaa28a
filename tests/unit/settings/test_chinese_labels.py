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


def test_what_stands_for_a_secret_is_translated() -> None:
    """However many there are, and with their names."""
    kinds = [row.kind for row in SCHEMA.rows if row.kind.is_secret]
    shown = {kind.show(kind.parse(text)) for kind in kinds for text in kind.examples or ("a" * 64,)}
    hidden = [one for one in shown if "hidden" in one]
    assert len(hidden) > len(chinese_labels.COUNTED)
    assert not [one for one in map(chinese_labels.translate_shown, hidden) if "hidden" in one]
    assert chinese_labels.translate_shown("set (2 keys, hidden: anna)") == (
        "已设置（2 个密钥，已隐藏：anna）"
    )


def _fits(pattern: str, label: str) -> bool:
    return bool(re.fullmatch(".+".join(map(re.escape, pattern.split("{}"))), label))
