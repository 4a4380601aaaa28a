"""Addresses of the earlier program's other versions."""

from __future__ import annotations

import pytest

from cursor_api.web.http.addresses import Addresses
from cursor_api.web.http.earlier import SAME, find_successor

OPEN = ("/", "/tokeninfo", "/checksum")
HERE = Addresses("", ("/v1/models",), (*OPEN, "/get-tokeninfo"))
BEHIND = Addresses("/a", ("/v1/models",), ("/a/tokeninfo", "/a/checksum"))


def test_those_that_do_the_same_are_open_addresses() -> None:
    """None that asks for a key can be reached by a second name."""
    assert {*SAME.values()} == {*OPEN}
    for path, now in SAME.items():
        assert HERE.correct(path) == now
        # Where the other is not served, and in every other spelling, it is nothing.
        assert BEHIND.correct(path) == path
        assert HERE.correct(f"/{path}") == f"/{path}"


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/tokens/get", "POST /get-tokeninfo"),
        ("/tokens/del", "/api/credentials"),
        ("/tokens-batch", "/api/credentials"),
        ("/userinfo", "GET /api/credentials"),
        ("/get-user-info", "GET /api/credentials"),
        ("/env-checksum", "the token list"),
        ("/config", "docs/configuration.md"),
        ("/env-example", "docs/configuration.md"),
        ("/proxies/set", "the proxy of an upstream"),
    ],
)
def test_those_that_moved_are_told(path: str, words: str) -> None:
    """In the answer that says that there is nothing."""
    explained = HERE.explain(path)
    assert explained.startswith(f"There is nothing at {path}. The earlier program had it;")
    assert words in explained


@pytest.mark.parametrize("path", ["/configuration", "/tokeninfos", "/v1/models", "/"])
def test_others_are_not_theirs(path: str) -> None:
    """By their beginning alone nobody is told a story."""
    assert find_successor(path) is None
