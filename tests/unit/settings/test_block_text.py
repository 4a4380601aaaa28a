"""Blocks go into a text and out of it, and nothing else in it moves."""

from __future__ import annotations

import tomllib

import pytest

from cursor_api.settings.block_text import (
    append_block,
    cut_block,
    find_block,
    render_block,
)
from cursor_api.settings.dotenv_text import TextChangeError

MINE = {
    "name": "mine",
    "kind": "openai",
    "allow_http": True,
    "models": ["a", 'b"\\c'],
    "headers": {"x-team": "rot\u00e9"},
}
TEXTS = (
    "",
    "# only a comment\n",
    "[listener]\nport = 8080 # mine\n",
    '[[upstream]]\nname = "first"\nkind = "openai"\napi_key = "-"\n\n# of the next\n[logs]\n',
    '[[upstream]]\nname = "first"\n[upstream.headers]\nx = "[[upstream]]"\n',
    '[files]\r\ntoken_file = "a"\r\n',
    "\ufeff[listener]\nport = 8080\n",
)


@pytest.mark.parametrize("text", TEXTS)
def test_what_was_put_in_is_taken_out_again(text: str) -> None:
    """To the byte, whatever stood there before; and in between it reads as it was meant."""
    longer = append_block(text, render_block("upstream", MINE))
    assert longer.startswith(text)
    assert find_block(longer, "upstream", "mine") == MINE
    assert cut_block(longer, "upstream", "mine") == text
    assert "\n" not in longer.replace("\r\n", "") or "\r" not in longer


def test_a_text_that_ends_in_mid_line_gets_its_line_end() -> None:
    """The block begins on a line of its own."""
    longer = append_block("[logs]", render_block("upstream", {"name": "x"}))
    assert longer == '[logs]\n\n[[upstream]]\nname = "x"\n'
    assert append_block("[logs]\n\n", "[[x]]\n") == "[logs]\n\n[[x]]\n"


def test_the_right_block_goes_with_its_tables_and_leaves_foreign_comments() -> None:
    """Among several of its like; a comment behind it stays with what follows."""
    text = (
        "# top\n"
        '[[upstream]] # one\nname = "one"\nnote = """\n[[upstream]]\nname = "two"\n"""\n\n'
        '[[upstream]]\nname = "two"\n[upstream.headers]\na = "b"\n\n'
        '# about three\n[[upstream]]\nname = "three"\n'
    )
    shorter = cut_block(text, "upstream", "two")
    assert shorter == text.replace(
        '\n[[upstream]]\nname = "two"\n[upstream.headers]\na = "b"\n', ""
    )
    assert [one["name"] for one in tomllib.loads(shorter)["upstream"]] == ["one", "three"]
    assert "# about three" in cut_block(shorter, "upstream", "one")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('upstream = [{ name = "x" }]\n', "not written as a block"),
        ('[[upstream]]\nname = "y"\n', "no [[upstream]]"),
        ("upstream = 3\n", "no [[upstream]]"),
        ("[[upstream\n", "not TOML"),
    ],
)
def test_what_is_not_found_whole_is_left(text: str, words: str) -> None:
    """With the reason."""
    with pytest.raises(TextChangeError) as refused:
        cut_block(text, "upstream", "x")
    assert words in str(refused.value)
