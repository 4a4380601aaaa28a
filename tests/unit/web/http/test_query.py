"""The parameters of an address."""

from __future__ import annotations

import enum

import pytest
from starlette.requests import Request

from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.web.http.query import VALUE_CHARS_MAX, Query, parse_instant

NAMES = ("text", "count", "color", "since")


class Color(enum.Enum):
    """A closed set."""

    RED = "red"
    BLUE = "blue"


def query_of(text: str) -> Query:
    """As they come in a request."""
    return Query(Request({"type": "http", "query_string": text.encode(), "headers": []}), NAMES)


def read(text: str, name: str) -> object:
    """One of them."""
    query = query_of(text)
    if name == "count":
        return query.number("count", 50, (1, 500))
    return query.member("color", Color) if name == "color" else query.instant("since")


def refusal(text: str, name: str) -> tuple[str | None, str]:
    """Which parameter is refused, and why."""
    with pytest.raises(Fault) as caught:
        read(text, name)
    assert caught.value.kind is FaultKind.INVALID_REQUEST
    return caught.value.param, caught.value.message


def test_what_is_right_is_read() -> None:
    """Percent-encoded, with whatever characters it has; what is empty was not given."""
    query = query_of("text=%27%22%25_%5C%E4%B8%AD+a&count=7&color=blue&since=10")
    assert query.text("text") == "'\"%_\\中 a"
    assert query.number("count", 50, (1, 500)) == 7
    assert query.member("color", Color) is Color.BLUE
    assert query.instant("since") == 10.0
    empty = query_of("text=&count=&color=&since=")
    assert empty.text("text") is None
    assert empty.number("count", 50, (1, 500)) == 50
    assert empty.member("color", Color) is None
    assert empty.instant("since") is None


@pytest.mark.parametrize(
    ("text", "param"),
    [
        ("count=0", "count"),
        ("count=501", "count"),
        ("count=-1", "count"),
        ("count=1e2", "count"),
        ("count=%D9%A1", "count"),
        ("count=99999999999999999999999", "count"),
        ("count=1&count=2", "count"),
        ("text=a%00b", "text"),
        ("text=%FF", "text"),
        (f"text={'x' * (VALUE_CHARS_MAX + 1)}", "text"),
        ("colour=red", "colour"),
        ("%3Cscript%3E=1", None),
    ],
)
def test_what_is_wrong_is_named(text: str, param: str | None) -> None:
    """But not repeated where it is no name."""
    assert refusal(text, "count")[0] == param


def test_a_word_outside_of_the_set_is_told_the_set() -> None:
    """In the set's own spelling only."""
    assert refusal("color=RED", "color") == (
        "color",
        "Invalid value for 'color': it is one of red, blue.",
    )


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("0", 0.0),
        ("1761358800.5", 1761358800.5),
        ("2025-10-25", 1761350400.0),
        ("2025-10-25T02:20:00Z", 1761358800.0),
        ("2025-10-25T04:20:00+02:00", 1761358800.0),
        # What a `+` that nobody escaped becomes on the way.
        ("2025-10-25T04:20:00 02:00", 1761358800.0),
        ("2025-10-25T02:20:00.500", 1761358800.5),
    ],
)
def test_an_instant_is_a_number_or_a_date(text: str, at: float) -> None:
    """Without a zone it is UTC."""
    assert parse_instant(text) == at


@pytest.mark.parametrize(
    "text",
    [
        *("2025-02-30", "2025-13-01T00:00:00Z", "yesterday", "-5", "1969-12-31", "nan", "inf"),
        *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "999999999999", "1e5", "٣"),
    ],
)
def test_an_impossible_date_is_an_error(text: str) -> None:
    """The words say which form it has, or from when to when."""
    param, message = refusal(f"since={text.replace('+', '%2B')}", "since")
    assert param == "since"
    assert "it is a" in message
