"""What each sort of value accepts, refuses and shows."""

from __future__ import annotations

import enum
import zoneinfo
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cursor_api.domain.credential import Secret
from cursor_api.installed import SCHEMA
from cursor_api.options import kinds
from cursor_api.options.kinds import (
    SHOWN_LENGTH_MAX,
    Kind,
    choice,
    choice_of,
    duration,
    flag,
    header_secret,
    is_zone,
    path,
    prose,
    show_path,
    show_plain,
    size,
    time_zone,
    version,
    whole,
)

DURATION = duration(0.1, 3600, "30s")
SIZE = size(1024, 1024**3, "10MiB")

ACCEPTED: list[tuple[Kind, str, Any]] = [
    *((flag(), text, True) for text in ("true", "1", "yes", "on", "TRUE", "On")),
    *((flag(), text, False) for text in ("false", "0", "no", "off", "No")),
    (whole(0, 65535, 3000), "0", 0),
    (whole(0, 65535, 3000), "65535", 65535),
    (whole(-5, 5, 1), "-5", -5),
    (DURATION, "30", 30.0),
    (DURATION, "30s", 30.0),
    (DURATION, "30 s", 30.0),
    (DURATION, "2m", 120.0),
    (DURATION, "1h", 3600.0),
    (DURATION, "1.5S", 1.5),
    (DURATION, "500ms", 0.5),
    (SIZE, "1024", 1024),
    (SIZE, "10MiB", 10 * 1024**2),
    (SIZE, "10 mib", 10 * 1024**2),
    (SIZE, "10MB", 10_000_000),
    (SIZE, "64KiB", 65536),
    (SIZE, "1GiB", 1024**3),
    (SIZE, "2048b", 2048),
    (choice("now", "stored"), "NOW", "now"),
    (version(), "0.42.5", "0.42.5"),
    (version(), "1.7.0-nightly+3", "1.7.0-nightly+3"),
    (prose(10), "  two\n中 ", "  two\n中 "),
    (path(), "a/.token", Path("a/.token")),
    (header_secret(), "with a space", Secret("with a space")),
    (time_zone(), "UTC", "UTC"),
    (time_zone(), "America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires"),
    (time_zone(), "Etc/GMT+8", "Etc/GMT+8"),
]

REFUSED: list[tuple[Kind, str]] = [
    *((flag(), text) for text in ("si", "2", "truee", "t", "enabled")),
    *((whole(0, 65535, 1), text) for text in ("-1", "65536", "3e3", "0x10", "3_000", "+3", "3.0")),
    *((whole(0, 65535, 1), text) for text in ("٣", "9" * 5000, "tcp://10.0.0.1:3000")),
    *(
        (DURATION, text)
        for text in ("0", "0.05", "3601", "-1", "nan", "inf", "1e3", "2d", "s", "٣s")
    ),
    *((SIZE, text) for text in ("0", "1023", "2GiB", "10M", "1.5MiB", "-1", "MiB", "10 MiB x")),
    *((choice("now", "stored"), text) for text in ("later", "now,stored")),
    *((version(), text) for text in ("0.42.5\r\nx: y", "1 2", "-1", "v" * 65)),
    (prose(10), "x" * 11),
    (path(), "a\0b"),
    (path(), "~nobody-of-that-name/x"),
    *((header_secret(), text) for text in ("a\nb", "a\x7fb", "schlüssel", "密钥", "a\tb", "\0")),
    *(
        (time_zone(), text)
        for text in ("Mars/Base", "CST-8", "localtime", "posix/UTC", "right/UTC")
    ),
    *(
        (time_zone(), text)
        for text in ("../../etc/passwd", "/etc/localtime", "", "America", "a\0b")
    ),
]


@pytest.mark.parametrize(("kind", "text", "value"), ACCEPTED)
def test_what_is_accepted(kind: Kind, text: str, value: object) -> None:
    """Every spelling that the documentation names, and a few that people write."""
    parsed = kind.parse(text)
    assert parsed == value
    assert type(parsed) is type(value)


@pytest.mark.parametrize(("kind", "text"), REFUSED)
def test_what_is_refused(kind: Kind, text: str) -> None:
    """Everything else is an error that says what is wanted and does not repeat the text."""
    with pytest.raises(ValueError, match=r"^(is|cannot|begins)") as caught:
        kind.parse(text)
    if len(text) > 3:
        assert text not in str(caught.value).partition(" (did you mean")[0]


@pytest.mark.parametrize("kind", [setting.kind for setting in SCHEMA.rows])
# Most kinds are those of several settings: all together are looked at often enough.
@settings(max_examples=10)
@given(text=st.text())
def test_nothing_but_a_value_error_leaves_a_kind(kind: Kind, text: str) -> None:
    """Whatever somebody writes, it is a value or a refusal, and can be quoted on one line."""
    assert kind.quote(text).isprintable()
    try:
        told = kind.show(kind.parse(text))
    except ValueError as error:
        told = str(error)
    assert told.isprintable()


@pytest.mark.parametrize("kind", [setting.kind for setting in SCHEMA.rows])
def test_every_example_parses(kind: Kind) -> None:
    """What an error message offers as an example works."""
    for example in kind.examples:
        kind.parse(example)


@given(st.integers(1, 10**9))
def test_durations_and_sizes_that_are_shown_can_be_written(number: int) -> None:
    """What check-config shows means the same when it is written into a file."""
    kind = size(1, 10**12, "1KiB")
    assert kind.parse(kind.show(number).removesuffix(" bytes")) == number


@pytest.mark.parametrize(
    ("value", "shown"), [(1024, "1 KiB"), (10 * 1024**2, "10 MiB"), (1000, "1000 bytes")]
)
def test_sizes_are_shown_in_the_largest_unit_that_fits(value: int, shown: str) -> None:
    """A size is read at a glance, and never rounded."""
    assert SIZE.show(value) == shown


def test_a_secret_is_shown_by_its_length_only() -> None:
    """Edges of a key of 16 characters would be half of it."""
    kind = header_secret()
    assert kind.show(Secret("canary-0123456789")) == "set (17 characters, hidden)"
    assert "canary" not in kind.quote("canary-0123456789")


def test_a_secret_in_the_wrong_place_is_not_shown() -> None:
    """A token pasted as a port is told from its shape and hidden."""
    token = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJ4In0.sig"
    assert show_plain(f"user_01%3A%3A{token}") == "[redacted]"


def test_shown_values_are_short_and_on_one_line() -> None:
    """A long value is cut at its end, a path at its beginning."""
    assert show_plain("x" * 100) == "x" * SHOWN_LENGTH_MAX + "…"
    assert show_plain("a\nb\x1b[0m\udcff") == "a\\nb\\x1b[0m\\udcff"
    shown = show_path(Path("/very/long" * 10) / "cursor.toml")
    assert shown.startswith("…")
    assert shown.endswith("/cursor.toml")


def test_a_home_folder_is_expanded(monkeypatch: pytest.MonkeyPatch) -> None:
    """`.env` has no shell that would do it."""
    monkeypatch.setenv("HOME", "/home/somebody")
    assert path().parse("~/.token") == Path("/home/somebody/.token")


class Colour(enum.Enum):
    """Two values."""

    DARK_RED = "dark_red"
    BLUE = "blue"


def test_an_enumeration_is_a_choice_of_its_values() -> None:
    """Its members come out, and are shown as they are written."""
    kind = choice_of(Colour)
    assert kind.parse("Dark_Red") is Colour.DARK_RED
    assert kind.show(Colour.DARK_RED) == "dark_red"
    assert kind.examples == ("dark_red", "blue")
    assert kind.label == "one of `dark_red`, `blue`"
    with pytest.raises(ValueError, match="is none of dark_red, blue"):
        kind.parse("red")


def test_a_misspelt_zone_gets_the_nearest_name() -> None:
    """Case is the usual mistake."""
    with pytest.raises(ValueError, match="did you mean Asia/Shanghai"):
        time_zone().parse("asia/shanghai")


@pytest.fixture
def _no_database() -> Iterator[None]:
    """A machine without a time zone database, as Windows is."""
    paths = zoneinfo.TZPATH
    zoneinfo.reset_tzpath(to=[])
    zoneinfo.ZoneInfo.clear_cache()
    yield
    zoneinfo.reset_tzpath(to=paths)
    zoneinfo.ZoneInfo.clear_cache()


@pytest.mark.usefixtures("_no_database")
def test_without_a_database_a_zone_is_judged_by_its_form() -> None:
    """Windows and bare containers have none; a plausible name has to do there."""
    assert not kinds._has_zone_database()
    assert is_zone("Asia/Shanghai")
    assert not is_zone("../../etc/passwd")
    assert not is_zone("Asia/Shanghai\r\nx: y")


@pytest.mark.parametrize("text", ["C:\\data\token", "/var/\nlog", "a\x1b", "a\x7f"])
def test_a_path_with_a_control_character_is_refused_with_advice(text: str) -> None:
    """A Windows path between double quotes has a tab or a line feed where its folders begin."""
    with pytest.raises(ValueError, match="use single quotes, or / in place of it"):
        path().parse(text)
