"""One variable of a `.env` file, set and taken out."""

from __future__ import annotations

import io

import pytest
from dotenv.parser import parse_stream
from hypothesis import given
from hypothesis import strategies as st

from cursor_api.settings.dotenv_text import TextChangeError, set_variable

TEXT = """\
# The gateway.
AUTH_TOKEN=secret # of mine

export PORT = 3000
HOST='127.0.0.1'
"""


def read(text: str) -> dict[str, str | None]:
    """As the gateway does."""
    return {one.key: one.value for one in parse_stream(io.StringIO(text)) if one.key}


@pytest.mark.parametrize(
    ("name", "value", "changed"),
    [
        ("AUTH_TOKEN", "new", TEXT.replace("secret", "new")),
        ("HOST", "::1", TEXT.replace("'127.0.0.1'", "::1")),
        ("PORT", "3001", TEXT.replace("export PORT = 3000", "PORT=3001")),
        ("PORT", None, TEXT.replace("export PORT = 3000\n", "")),
        ("NEW", "it's \\ #1", f"{TEXT}NEW='it\\'s \\\\ #1'\n"),
        ("NEW", None, TEXT),
    ],
)
def test_one_line_changes_and_all_else_stays(name: str, value: str | None, changed: str) -> None:
    """Comments and blank lines too."""
    assert set_variable(TEXT, name, value) == changed


def test_an_empty_file_and_one_without_an_end_are_files() -> None:
    """Line ends are those of the file."""
    assert set_variable("", "A", "1") == "A=1\n"
    assert set_variable("B=2", "A", "1") == "B=2\nA=1\n"
    assert set_variable("B=2\r\nA=0\r\n", "A", "1") == "B=2\r\nA=1\r\n"


def test_of_several_the_last_counts_and_other_spellings_go() -> None:
    """What is read must be what was written."""
    assert set_variable("A=1\nB=2\nA=3\n", "A", "4") == "B=2\nA=4\n"
    assert set_variable("OLD=1\n", "A", "2", {"OLD"}) == "A=2\n"


def test_a_comment_that_is_part_of_a_value_is_none() -> None:
    """A `#` in quotes is text."""
    assert set_variable("A='x #y'\nB=1\n", "A", "z") == "A=z\nB=1\n"


def test_what_cannot_be_said_is_refused() -> None:
    """A broken line might take what follows into its quotes."""
    with pytest.raises(TextChangeError, match="by hand"):
        set_variable("B='open\n", "A", "it's")


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0\r")))
def test_any_value_is_read_as_it_was_written_or_refused(value: str) -> None:
    """Whatever characters it has."""
    try:
        changed = set_variable(TEXT, "PORT", value)
    except TextChangeError:
        return
    assert read(changed) == read(TEXT) | {"PORT": value}
