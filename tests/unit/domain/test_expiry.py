"""Reading a token's expiry."""

from __future__ import annotations

import base64
import json

import pytest

from cursor_api.domain.expiry import WARN_BEFORE_S, expires_soon, find_expiry


def token(claims: object) -> str:
    """A JWT's form around claims."""
    return f"e30.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.x"


def test_the_exp_claim_is_read() -> None:
    """Unix seconds, whole or not."""
    assert find_expiry(token({"exp": 1_800_000_000})) == 1_800_000_000
    assert find_expiry(token({"exp": 1.5, "aud": "ÿ?>"})) == 1.5


@pytest.mark.parametrize(
    "text",
    [
        "opaque",
        "",
        "a.b",
        "a.b.c.d",
        "a.!!!.c",
        "a..c",
        token([1]),
        token({}),
        token({"exp": "soon"}),
        token({"exp": True}),
        token({"exp": -1}),
        token({"exp": 1e300}),
        token({"exp": float("nan")}),
        f"a.{'W' * 9000}.c",
        "a." + base64.b64encode(b"[" * 6000).decode() + ".c",
        "a.ÿÿÿÿ.c",
    ],
)
def test_what_has_no_readable_expiry_has_none(text: str) -> None:
    """Any opaque string is a token; reading it never fails."""
    assert find_expiry(text) is None


@pytest.mark.parametrize(
    ("left_s", "expected"), [(WARN_BEFORE_S + 1, False), (WARN_BEFORE_S - 1, True), (-1.0, True)]
)
def test_an_expiry_is_soon_from_three_days_before_it_and_ever_after(
    left_s: float, *, expected: bool
) -> None:
    """Past it, the token has to be renewed all the more."""
    assert expires_soon(1_800_000_000 + left_s, 1_800_000_000) is expected


def test_a_token_that_does_not_say_never_expires_soon() -> None:
    """Nothing could be told of it."""
    assert not expires_soon(None, 1_800_000_000)
