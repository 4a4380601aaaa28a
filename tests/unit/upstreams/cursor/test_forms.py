"""Session tokens in every spelling."""

from __future__ import annotations

import pytest

from cursor_api.upstreams.cursor.forms import (
    API_KEY,
    SESSION_TOKEN,
    read_token,
    split_token,
    unquote,
    why_no_token,
)

JWT = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJ4In0.c2ln"


@pytest.mark.parametrize(
    ("text", "alias", "token"),
    [
        (JWT, None, JWT),
        (f"user_01AB::{JWT}", "user_01AB", JWT),
        (f"user_01AB%3A%3A{JWT}", "user_01AB", JWT),
        (f"user_01AB%3a%3a{JWT}", "user_01AB", JWT),
        (f"work::{JWT}", "work", JWT),
        (f"work::user_01AB%3A%3A{JWT}", "work", JWT),
        (f"work::user_01AB::{JWT}", "work", JWT),
        (f"::{JWT}", None, JWT),
        ("opaque-thing", None, "opaque-thing"),
        ("工作::opaque", "工作", "opaque"),
    ],
)
def test_all_spellings_of_a_token_are_understood(text: str, alias: str | None, token: str) -> None:
    """Cookie, url-encoded cookie, alias and bare token all give the bearer itself."""
    assert split_token(text) == (alias, token)


def test_whatever_is_of_no_other_form_is_a_session_token() -> None:
    """Tokens are opaque; each belongs to the editor's endpoint and has a device of its own."""
    assert all(map(SESSION_TOKEN.is_form_of, (JWT, "opaque", "")))
    assert (SESSION_TOKEN.endpoint, SESSION_TOKEN.is_bound) == ("cursor", True)


# What people have in their clipboards and files, and the alias that comes with it.
OTHERS_SPELLINGS = [
    (f'"{JWT}"', None),
    (f"'{JWT}',", None),
    (f"“{JWT}”", None),
    (f"\ufeff{JWT}\u200b\r", None),
    (f"Bearer {JWT}", None),
    (f"Authorization: Bearer '{JWT}'", None),
    (f"WorkosCursorSessionToken={JWT}", None),
    (f"WorkosCursorSessionToken=user_01AB%3A%3A{JWT}; Path=/", "user_01AB"),
    (f"work::WorkosCursorSessionToken=user_01AB%3A%3A{JWT}", "work"),
    (f'work::"{JWT}"', "work"),
    (f"work::Bearer {JWT}", "work"),
    (f"'work'::'{JWT}'", "'work'"),
    (f"user_01AB%253A%253A{JWT}", "user_01AB"),
    (f"work::user_01AB%253a%253a{JWT}", "work"),
    (f"work%3A%3A{JWT}", "work"),
    (f"me:{JWT}", "me"),
    (f"me:user_01AB%3A%3A{JWT}", "me"),
]


@pytest.mark.parametrize(("text", "alias"), OTHERS_SPELLINGS)
def test_what_is_unmistakable_is_cleaned(text: str, alias: str | None) -> None:
    """Around a token and in front of it there is much that is none of it."""
    assert read_token(text) == (alias, JWT)
    assert why_no_token(JWT) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"{JWT};{JWT}", "more than a token"),
        (f"{JWT}|{JWT}", "more than a token"),
        (f"user_01AB|{JWT}", "more than a token"),
        (f"{JWT} {JWT}", "a space inside"),
        (f'{JWT}","{JWT}', "no token has (U+002C COMMA)"),
        (f'{JWT}"x', "a quote inside"),
        (f"TOKEN={JWT}", "a name and `=`"),
        ("work%3A%3Aopaque", "an encoded `::`"),
        ("a::b::c", "more than one `::`"),
        ("#c", "begins with `#`"),
        ("", "no token"),
        ("sk-proj-0123456789abcdef0123", "another service"),
        ("sk-ant-api03-0123456789abcdef", "another service"),
        ("sk-" + "0123456789abcdef" * 3, "another service"),
        ("AIza" + "0123456789abcdefghi" + "0123456789abcdef", "another service"),
        ("gsk_0123456789abcdef0123", "another service"),
        ("ghp_" + "0123456789abcdef" * 2, "another service"),
        ("sealed:1a2b3c4d:" + "A" * 60, "a sealed token"),
    ],
)
def test_what_cannot_be_a_token_is_told_unseen(text: str, words: str) -> None:
    """None of it goes upstream, and no word shows it."""
    told = why_no_token(read_token(text)[1])
    assert told is not None
    assert words in told.text
    assert "0123" not in told.text


@pytest.mark.parametrize(
    "text", ["opaque", "a-b_c.d~e+f/g=h%20:i", "sk-test", "key_0", "crsr_0123"]
)
def test_an_opaque_text_is_a_token(text: str) -> None:
    """Later forms, and those of simulators, are whatever they are."""
    assert read_token(text) == (None, text)
    assert why_no_token(text) is None


def test_only_a_pair_of_quotes_is_taken_away() -> None:
    """One alone, or two that belong to two words, stay and are told."""
    assert unquote("'a") == "'a"
    assert unquote('"a","b"') == '"a","b"'
    assert unquote('"') == '"'
    assert unquote('" a "') == "a"


@pytest.mark.parametrize("text", ["crsr_0123456789abcdef", "key_0123456789", "crsr_a-b_c-d_e"])
def test_a_dashboards_key_is_of_its_own_form(text: str) -> None:
    """It has no device, and belongs to the official way alone."""
    assert API_KEY.is_form_of(text)
    assert (API_KEY.endpoint, API_KEY.is_bound) == ("cursor-sdk", False)


@pytest.mark.parametrize(
    "text", ["eyJhbGciOi.e30.x", "crsr_", "key_0", "xcrsr_0123456789", "opaque"]
)
def test_other_tokens_are_not_of_it(text: str) -> None:
    """What cannot be such a key stays a session token."""
    assert not API_KEY.is_form_of(text)
    assert SESSION_TOKEN.is_form_of(text)
