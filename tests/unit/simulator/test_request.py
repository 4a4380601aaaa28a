from __future__ import annotations

import pytest

from cursor_api.simulator.request import RawRequest, join_headers


@pytest.mark.parametrize(
    ("value", "token"),
    [
        ("Bearer abc", "abc"),
        ("bearer  abc ", "abc"),
        ("Bearer ", ""),
        ("Basic abc", ""),
        ("", ""),
    ],
)
def test_the_credential_is_the_bearer(value: str, token: str) -> None:
    """In any case; nothing else counts as one."""
    assert RawRequest("POST", "/", {"authorization": value}, b"").credential == token


def test_headers_are_lowered_and_joined() -> None:
    """A header sent twice shows as both values."""
    pairs = [(b"Host", b"x"), (b"X-Twice", b"1"), (b"x-twice", b"\xfc")]
    assert join_headers(pairs) == {"host": "x", "x-twice": "1, ü"}


def test_the_query_is_not_the_path() -> None:
    """The route is looked up without it."""
    assert RawRequest("POST", "/a?b=c", {}, b"").path == "/a"


def test_it_shows_no_headers_and_no_credential() -> None:
    """They appear in no test report, in case somebody points a real gateway here."""
    headers = {"authorization": "Bearer s3cret"}
    assert "s3cret" not in repr(RawRequest("POST", "/", headers, b"s3cret"))
