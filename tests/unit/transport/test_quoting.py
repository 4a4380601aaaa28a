"""What an upstream says reaches people on one short line without secrets."""

from __future__ import annotations

import pytest

from cursor_api.domain.credential import Secret
from cursor_api.transport.quoting import (
    SAID_LENGTH_MAX,
    describe_body,
    media_type_of,
    quote_said,
)

OWN = Secret("an-opaque-key-of-somebody")


def test_it_is_one_clean_short_line() -> None:
    """Control characters, bidi tricks and length cannot reach logs and terminals."""
    assert quote_said("a\r\nb\x00c\x1b[31m\u202ed\t e", OWN) == "a b c [31m d e"
    long = quote_said("x" * 10_000, OWN)
    assert len(long) == SAID_LENGTH_MAX
    assert long.endswith("x…")


@pytest.mark.parametrize(
    "secret",
    [
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.sig",
        "ab" * 32,
        "sk-proj-0123456789abcdefghij",
        "gsk_0123456789abcdefghij",
        "xai-0123456789abcdefghij",
        "AIzaSy0123456789abcdefghij",
        "crsr_0123456789abcdefghij",
    ],
)
def test_what_looks_like_a_secret_is_masked(secret: str) -> None:
    """Whoever's it is."""
    assert quote_said(f"the key {secret} is bad", OWN) == "the key … is bad"


def test_the_secret_itself_is_masked_whatever_it_looks_like() -> None:
    """But for what is too short to be one, which may be part of any word."""
    assert quote_said(f"no {OWN.reveal()}!", OWN) == "no an-o…body!"
    assert quote_said("a well-known word", Secret("-")) == "a well-known word"
    assert quote_said("a word", Secret("")) == "a word"


def test_a_media_type_is_shown_bounded() -> None:
    """It is the upstream's text as well."""
    assert media_type_of({"content-type": " Text/HTML ; charset=utf-8"}) == "text/html"
    assert media_type_of({"content-type": "application/connect+proto"}) != ""
    # Too long, or with digits: it may be a token, and lower case has made it unrecognisable.
    assert media_type_of({"content-type": "text/" + "x" * 33}) == ""
    assert media_type_of({"content-type": "text/aB3xK9"}) == ""
    assert media_type_of({}) == ""


def test_a_body_is_described_and_not_shown() -> None:
    """By its type, where that is fit to be shown."""
    assert describe_body({"content-type": "text/html; charset=x"}, b"<p>") == (
        "a body of type text/html"
    )
    assert describe_body({}, b"?") == "a body of type unknown"
    assert describe_body({}, b"") == "an empty body"
