"""What is told of lines that say again what another one says."""

from __future__ import annotations

from cursor_api.upstreams.cursor.token_files.repeats import warn_of_repeats
from cursor_api.upstreams.cursor.token_files.text import TextLimits, parse_tokens


def test_each_file_is_told_once_for_each_sort() -> None:
    """With the numbers of the lines, and nothing of what stands there."""
    text = b"me::canary\ncanary\nme::other\nme::canary\nme::third\n"
    repeats = [one for name in ("a", "b") for one in parse_tokens(text, name, TextLimits()).repeats]
    told = [(one.code.value, one.text, one.values) for one in warn_of_repeats(repeats)]
    assert told[:2] == [
        (
            "line_repeated",
            "a: lines 2, 4: the token of another line, which counts; delete this one.",
            {"path": "a", "lines": "2, 4"},
        ),
        (
            "alias_repeated",
            "a: lines 3, 5: the alias of an earlier line; the token serves under another name.",
            {"path": "a", "lines": "3, 5"},
        ),
    ]
    assert [values["path"] for _, _, values in told] == ["a", "a", "b", "b"]
    assert "canary" not in str(told)
