"""Texts on one line, whatever the reader."""

from __future__ import annotations

import json

import pytest

from cursor_api.wire.sse_text import encode_comment, encode_line, escape_line_ends

HARD = 'a"\\\n\r\u0085\u2028\u2029é中\U0001f600'


def test_a_text_is_json_on_one_line() -> None:
    """Also for readers that take other characters for line ends."""
    encoded = encode_line(HARD)
    assert json.loads(encoded) == HARD
    assert len(encoded.decode().splitlines()) == 1
    assert encode_line("plain") == b'"plain"'


def test_json_is_put_on_one_line_as_well() -> None:
    """What a JSON text holds stays the same."""
    encoded = json.dumps({"a": HARD}, ensure_ascii=False).encode()
    assert json.loads(escape_line_ends(encoded)) == {"a": HARD}
    assert len(escape_line_ends(encoded).decode().splitlines()) == 1


@pytest.mark.parametrize(
    ("message", "comment"),
    [("Reading\r\nlinks", b": Reading links\n\n"), (" \n", b""), ("a\u2028\x1bb", b": a b\n\n")],
)
def test_a_comment_is_one_line_without_control_characters(message: str, comment: bytes) -> None:
    """A line end in it would let an upstream write events of its own."""
    assert encode_comment(message) == comment
