"""`If-Match`, in the spellings of programs and caches."""

from __future__ import annotations

import pytest

from cursor_api.web.http.etags import read_if_match


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ([], None),
        (["*"], None),
        (['"a"', "*"], None),
        ([","], []),
        (['"a"'], ["a"]),
        (['W/"a"'], ["a"]),
        (["a"], ["a"]),
        (['"a", "b"', "c"], ["a", "b", "c"]),
    ],
)
def test_the_versions_are_read_whatever_stands_around_them(
    headers: list[str], found: list[str] | None
) -> None:
    """A star is any version."""
    assert read_if_match(headers) == found
