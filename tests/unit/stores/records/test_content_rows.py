"""What was said, as a row."""

from __future__ import annotations

import pytest

from cursor_api.domain.record_content import RecordContent, Said, SaidKind
from cursor_api.stores.records.content_rows import COLUMNS, content_of, content_row_of
from cursor_api.stores.records.rows import RowError

CONTENT = RecordContent(
    "id",
    (Said("system", SaidKind.TEXT, "Be brief."), Said("user", SaidKind.IMAGE, "image/png")),
    (Said("assistant", SaidKind.TOOL_CALL, "look {}\0 猫"),),
    is_cut=True,
)


def test_a_content_comes_back_from_its_row() -> None:
    """With a size that is at least its texts'."""
    row = content_row_of(CONTENT)
    assert content_of(row) == CONTENT
    assert row[-1] >= len(row[1]) + len(row[2].encode())
    assert len(row) == len(COLUMNS)
    assert "\0" not in row[2], "PostgreSQL takes none"


def test_half_a_character_is_replaced() -> None:
    """No database takes it."""
    said = Said("user", SaidKind.TEXT, "a\ud83d")
    assert content_of(content_row_of(RecordContent("id", (said,), ()))).prompt[0].text == "a?"


@pytest.mark.parametrize("prompt", ["", "[[1]]", '[["user","poem","x"]]', None])
def test_a_row_of_somebody_else_is_named(prompt: str | None) -> None:
    """It is damage, and no empty text."""
    with pytest.raises(RowError, match="the texts of 'id' are not as written"):
        content_of(("id", prompt, "[]", 0))
