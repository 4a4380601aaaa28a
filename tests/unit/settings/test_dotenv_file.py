"""The `.env` file."""

from __future__ import annotations

from pathlib import Path

import pytest

from cursor_api.installed import SCHEMA
from cursor_api.settings.dotenv_file import STRANGERS_MAX, read_dotenv
from cursor_api.settings.sources import Reading
from tests.unit.settings.test_sources import dotenv, texts, told


def test_dotenv_has_the_syntax_that_people_know(tmp_path: Path) -> None:
    """Quotes, export, comments, CRLF, a byte order mark, values over several lines."""
    content = (
        "\ufeff# a comment\r\n"
        "export PORT=4000 # another\r\n"
        'AUTH_TOKEN="a # b"\r\n'
        "\r\n"
        "TOKEN_FILE='x y'\r\n"
        "x-cursor-checksum = abc\r\n"
        'CURSOR_INSTRUCTIONS="one\ntwo"\r\n'
        "OTHER=1\r\n"
    )
    reading = dotenv(tmp_path, content)
    assert texts(reading) == {
        "PORT": "4000",
        "AUTH_TOKEN": "a # b",
        "TOKEN_FILE": "x y",
        "X_CURSOR_CHECKSUM": "abc",
        "CURSOR_INSTRUCTIONS": "one\ntwo",
    }
    assert (reading.problems, reading.warnings) == ((), ())
    assert reading.given["TOKEN_FILE"].where == ".env:5"
    assert reading.given["TOKEN_FILE"].source == ".env"


def test_no_dotenv_is_an_empty_one(tmp_path: Path) -> None:
    """Most people have none."""
    assert read_dotenv(SCHEMA, tmp_path / ".env", ".env") == Reading()


def test_every_malformed_line_is_told(tmp_path: Path) -> None:
    """All at once, so that one look mends the file."""
    reading = dotenv(tmp_path, "one\nPORT=1\ntwo words\n'x=1\n")
    assert [problem.where for problem in reading.problems] == [".env:1", ".env:3", ".env:4"]


def test_variables_in_values_stay_as_they_are(tmp_path: Path) -> None:
    """A key may hold a dollar sign; who expects replacement is told."""
    reading = dotenv(tmp_path, "AUTH_TOKEN=a$b{c}\nTOKEN_FILE=${HOME}/.token\n")
    assert texts(reading)["TOKEN_FILE"] == "${HOME}/.token"
    assert [warning.variable for warning in reading.warnings] == ["TOKEN_FILE"]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        (r"a\$b", "a$b"),
        (r'"a\$b \${C} #"', "a$b ${C} #"),
        (r"'a\$b'", r"a\$b"),
        (r"'a\\$b'", r"a\$b"),
        (r'''"='\$"''', "='$"),
        ("a$b", "a$b"),
    ],
)
def test_a_dollar_may_have_a_backslash_before_it(tmp_path: Path, written: str, value: str) -> None:
    """As the earlier program wanted it, which replaced variables; not between single quotes."""
    assert texts(dotenv(tmp_path, f"OTHER='x'\nAUTH_TOKEN={written}\n")) == {"AUTH_TOKEN": value}


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("AUTH_TOKN", "AUTH_TOKEN"),
        ("AUHT_TOKEN", "AUTH_TOKEN"),
        ("AUTHTOKEN", "AUTH_TOKEN"),
        ("auth_tokens", "AUTH_TOKEN"),
        ("HOSTS", "HOST"),
        ("ROUTE_PREFX", "ROUTE_PREFIX"),
    ],
)
def test_a_name_within_two_letters_of_ours_is_told(tmp_path: Path, name: str, meant: str) -> None:
    """Whatever it begins with."""
    reading = dotenv(tmp_path, f"A=1\n{name}=x\n")
    assert told(reading.warnings) == [f"{name} (.env:2): no such setting; did you mean {meant}?"]


@pytest.mark.parametrize("name", ["HOME", "PATH", "DATABASE", "OPENAI_API_KEY", "AUTHOR", "TZ"])
def test_other_programs_names_are_theirs(tmp_path: Path, name: str) -> None:
    """A short one has to be nearer."""
    assert dotenv(tmp_path, f"{name}=x\n").warnings == ()


def test_a_file_of_names_without_end_is_looked_through_no_further(tmp_path: Path) -> None:
    """It is another program's."""
    strangers = "".join(f"STRANGER_{number}=x\n" for number in range(STRANGERS_MAX))
    assert dotenv(tmp_path, f"{strangers}AUTH_TOKN=x\n").warnings == ()
