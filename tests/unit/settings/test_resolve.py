"""Values, or what is wrong with what was given."""

from __future__ import annotations

from pathlib import Path

from cursor_api.options.kinds import header_secret, path, prose, whole
from cursor_api.options.setting import Setting
from cursor_api.settings.resolve import Resolver
from cursor_api.settings.sources import Given

PORT = Setting("PORT", whole(0, 65535, 3000), "3000", "x", name="port", table="listener")
FILE = Setting("FILE", path(), None, "x", name="file", table="files")
NOTE = Setting("NOTE", prose(100), "", "x", name="note", table="files")
KEY = Setting("KEY", header_secret(), None, "x", name="key", table="access")


def given(text: str, source: str = "environment") -> Given:
    """Somebody wrote this."""
    return Given(text, source, f"{source}:1")


def test_what_was_given_wins_over_the_default() -> None:
    """An empty text means the default, and the source says so."""
    own = Resolver(Path("/srv"))
    own.take(PORT, given(" 4000 "), "3000")
    assert (own.values["PORT"], own.places["PORT"]) == (4000, "environment:1")
    assert own.row(PORT, "Listener").source == "environment"
    own.take(PORT, given(" "), "3000")
    assert own.values["PORT"] == 3000
    assert own.row(PORT, "Listener").source == "default (environment: empty)"


def test_unset_and_empty_are_two() -> None:
    """No default is None; a default that is empty is an empty value."""
    own = Resolver(Path("/srv"))
    own.take(FILE, None, FILE.default)
    own.take(NOTE, None, NOTE.default)
    assert own.values == {"FILE": None, "NOTE": ""}
    assert [own.row(row, "x").shown for row in (FILE, NOTE)] == ["(not set)", "(empty)"]


def test_paths_begin_at_the_folder_and_texts_keep_their_spaces() -> None:
    """Text for a model is nobody's to trim."""
    own = Resolver(Path("/srv"))
    own.take(FILE, given("a/b"), None)
    own.take(NOTE, given(" a "), "")
    assert own.values == {"FILE": Path("/srv/a/b"), "NOTE": " a "}


def test_a_wrong_value_has_a_finding_and_no_value() -> None:
    """With an example as it would be written there."""
    own = Resolver(Path("/srv"))
    own.take(PORT, given("x"), "3000")
    own.take(PORT, given("x", "c.toml [listener]"), "3000")
    first, second = (problem.message for problem in own.problems)
    assert first == '"x" is not a whole number from 0 to 65535; for example PORT=3000'
    assert second == '"x" is not a whole number from 0 to 65535; for example port = "3000"'
    assert "PORT" not in own.values
    assert own.row(PORT, "Listener", "port").shown == '"x"'


def test_a_secret_is_never_repeated() -> None:
    """Right or wrong."""
    own = Resolver(Path("/srv"))
    own.take(KEY, given("canary-ü"), None)
    assert "canary" not in f"{own.problems}{own.row(KEY, 'x')}"
    own.take(KEY, given("canary"), None)
    assert "canary" not in f"{own.row(KEY, 'x')}"


def test_a_default_may_follow_from_other_values() -> None:
    """Only where nobody gave one."""
    derived = Setting(
        "DOUBLE", whole(0, 9, 1), None, "x", derive=lambda values, _: 2 * values["PORT"]
    )
    own = Resolver(Path("/srv"))
    own.take(PORT, given("2"), "3000")
    own.take(derived, None, None)
    own.derive(derived, {})
    assert own.values["DOUBLE"] == 4
    own.take(derived, given("7"), None)
    own.derive(derived, {})
    assert own.values["DOUBLE"] == 7
