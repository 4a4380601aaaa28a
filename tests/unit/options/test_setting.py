"""A row knows its table, its name there and its field."""

from __future__ import annotations

from cursor_api.options.kinds import Text, flag
from cursor_api.options.setting import Setting


def test_a_row_is_taken_apart() -> None:
    """The key is the table and the name; the field is the name unless it is given."""
    plain = Setting("A_B", "a.b", flag(), "true", Text("x", "y"))
    assert (plain.table, plain.name, plain.attribute) == ("a", "b", "b")
    other = Setting("A_B", "a.b", flag(), "true", Text("x", "y"), field="is_b")
    assert (other.name, other.attribute) == ("b", "is_b")
    outside = Setting("A_B", "", flag(), "true", Text("x", "y"))
    assert (outside.table, outside.name) == ("", "")
