"""Cache marks, read and written."""

from __future__ import annotations

import msgspec
import pytest

from cursor_api.domain.content import CacheMark
from cursor_api.wire.cache_marks import find_cache_mark, write_cache_mark


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b'{"type":"ephemeral"}', CacheMark()),
        (b'{"type":"ephemeral","ttl":"5m"}', CacheMark(300)),
        (b'{"type":"ephemeral","ttl":"1h"}', CacheMark(3600)),
        (b'{"type":"ephemeral","ttl":"1y"}', CacheMark()),
        (b'{"type":"ephemeral","ttl":5}', CacheMark()),
        (b'{"type":"forever"}', None),
        (b"null", None),
        (b'"ephemeral"', None),
    ],
)
def test_a_cache_mark(raw: bytes, expected: CacheMark | None) -> None:
    """Spelled as in Anthropic's API."""
    assert find_cache_mark(msgspec.Raw(raw)) == expected


@pytest.mark.parametrize("mark", [None, CacheMark(), CacheMark(300), CacheMark(3600)])
def test_what_is_written_is_read_again(mark: CacheMark | None) -> None:
    """No mark is no field."""
    written = msgspec.json.encode(write_cache_mark(mark).get("cache_control"))
    assert find_cache_mark(msgspec.Raw(written)) == mark


def test_a_time_without_a_word_is_not_written() -> None:
    """The upstream's own time is meant then."""
    assert write_cache_mark(CacheMark(7)) == write_cache_mark(CacheMark())
