"""The rows of the upstream side: one table, one prefix, privacy on."""

from __future__ import annotations

from cursor_api.settings.rows_upstream import CURSOR


def test_all_are_of_one_table_and_prefix() -> None:
    """`CURSOR_X_Y` is `x_y` under `[cursor]`, without exception."""
    assert [row.key for row in CURSOR] == [
        f"cursor.{row.variable.removeprefix('CURSOR_').lower()}" for row in CURSOR
    ]


def test_prompts_are_private_and_nothing_is_added() -> None:
    """Privacy mode on, instructions empty."""
    defaults = {row.variable: row.default for row in CURSOR}
    assert defaults["CURSOR_PRIVACY_MODE"] == "true"
    assert defaults["CURSOR_INSTRUCTIONS"] == ""


def test_a_frame_fits_into_its_inflated_limit() -> None:
    """An uncompressed frame of the largest size is not refused afterwards."""
    rows = {row.variable: row for row in CURSOR}
    frame, inflated, answer = (
        rows[f"CURSOR_{name}_BYTES_MAX"].kind.parse(rows[f"CURSOR_{name}_BYTES_MAX"].default or "")
        for name in ("FRAME", "INFLATED", "ANSWER")
    )
    assert frame <= inflated <= answer
