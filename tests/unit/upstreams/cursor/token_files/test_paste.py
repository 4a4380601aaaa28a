"""Everything that people paste when they are asked for a token."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cursor_api.domain.credential import GivenCredential, Spelling
from cursor_api.upstreams.cursor.token_files.paste import read_paste, spell_lines

JWT = "eyJhbGciOi.eyJzdWIi.c2lnbmF0"
SUM = "paaotdDV" + "0123456789abcdef" * 4


def read_one(text: str) -> GivenCredential:
    """The only line."""
    (line,) = read_paste(text)
    return line


@pytest.mark.parametrize(
    ("text", "alias", "spelling"),
    [
        (JWT, None, Spelling.BARE),
        (f"  {JWT}\r", None, Spelling.BARE),
        (f"\ufeff{JWT}", None, Spelling.BARE),
        (f"\u00a0{JWT}\u00a0", None, Spelling.BARE),
        (f'"{JWT}",', None, Spelling.BARE),
        (f"'{JWT}'", None, Spelling.BARE),
        (f"“{JWT}”", None, Spelling.BARE),
        (f"`{JWT}`;", None, Spelling.BARE),
        (f"Bearer {JWT}", None, Spelling.BARE),
        (f"authorization: bearer  {JWT}", None, Spelling.BARE),
        (f'"Authorization: Bearer {JWT}"', None, Spelling.BARE),
        (f"work::{JWT}", "work", Spelling.ALIAS),
        (f"my account :: {JWT}", "my account", Spelling.ALIAS),
        (f"work::user_01%3A%3A{JWT}", "work", Spelling.ALIAS),
        (f"user_01::{JWT}", "user_01", Spelling.COOKIE),
        (f"user_01%3A%3A{JWT}", "user_01", Spelling.COOKIE),
        (f"user_01%3a%3a{JWT}", "user_01", Spelling.COOKIE),
        (f"WorkosCursorSessionToken=user_01%3A%3A{JWT}", "user_01", Spelling.COOKIE),
        (f"Cookie: a=b; WorkosCursorSessionToken=user_01%3A%3A{JWT}; c=d", "user_01", None),
        (f"WorkosCursorSessionToken\tuser_01%3A%3A{JWT}\t.cursor.com\t/\t2026", "user_01", None),
        (f'"WorkosCursorSessionToken": "user_01%3A%3A{JWT}",', "user_01", None),
        (f"me:{JWT}", "me", Spelling.ALIAS),
        (f"user_01%253A%253A{JWT}", "user_01", Spelling.COOKIE),
        (f"work::WorkosCursorSessionToken=user_01%3A%3A{JWT}; c=d, e", "work", Spelling.ALIAS),
        (f"-b 'WorkosCursorSessionToken={JWT}'", None, Spelling.BARE),
    ],
)
def test_a_token_is_found_in_every_spelling(
    text: str, alias: str | None, spelling: Spelling | None
) -> None:
    """From the editor, the browser's cookie in four dresses, a header, a program's text."""
    line = read_one(text)
    assert (line.line, line.secret, line.alias) == (1, JWT, alias)
    assert line.spelling is (spelling or Spelling.COOKIE)
    assert line.is_named is (line.spelling is Spelling.ALIAS)
    assert line.is_usual
    assert line.binding is None


def test_a_line_of_the_token_list_brings_its_device() -> None:
    """`token,checksum`, with or without spaces; the token file gets the token alone."""
    for text in (
        f"{JWT},{SUM}",
        f"user_01::{JWT} , {SUM}",
        f'"{JWT}","{SUM}"',
        f"WorkosCursorSessionToken=user_01%3A%3A{JWT},{SUM}",
    ):
        line = read_one(text)
        assert (line.secret, line.binding) == (JWT, SUM)
        assert SUM not in line.text


def test_what_is_not_recognised_goes_on_as_it_is() -> None:
    """The store refuses it in its own words, which are the better ones."""
    for text in ("two words", "a::b::c", "::", "token\x00"):
        assert read_one(text).text == text
    assert not read_one("opaque").is_usual


def test_a_key_of_the_dashboard_is_nothing_unusual() -> None:
    """It is the official way."""
    assert read_one("official::crsr_0123456789abcdef").is_usual


def test_lines_keep_their_numbers() -> None:
    """Blank lines and comments say nothing, and the problem of line 5 is still in line 5."""
    lines = list(read_paste(f"\n# mine\na::1\n\n{JWT}\n\n"))
    assert [line.line for line in lines] == [3, 5]
    assert spell_lines(lines) == f"\n\na::1\n\n{JWT}"
    assert spell_lines([]) == ""


def test_no_secret_is_in_a_repr() -> None:
    """A traceback shows arguments."""
    shown = repr(read_one(f"work::secret-canary,{SUM}"))
    assert "canary" not in shown
    assert SUM not in shown
    assert "work" in shown


@given(st.text())
def test_any_text_can_be_pasted(text: str) -> None:
    """Whatever it is, there are lines with rising numbers and no error."""
    numbers = [line.line for line in read_paste(text)]
    assert numbers == sorted(set(numbers))
    assert all(1 <= number <= text.count("\n") + 1 for number in numbers)


@pytest.mark.parametrize(
    "piece",
    [" ", "WorkosCursorSessionToken", "WorkosCursorSessionToken ", "bearer ", '"', ",", "::"],
)
def test_hostile_text_costs_no_time(piece: str) -> None:
    """A megabyte of what keeps a careless expression busy."""
    text = "WorkosCursorSessionToken" + piece * (1_000_000 // len(piece))
    started = time.process_time()
    list(read_paste(text))
    assert time.process_time() - started < 2
