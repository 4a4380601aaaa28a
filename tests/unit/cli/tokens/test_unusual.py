"""Texts that look like no token."""

from __future__ import annotations

from cursor_api.cli.tokens.unusual import describe_unusual
from tests.unit.cli.editor_folder import make_token


def test_what_is_usual_is_not_told() -> None:
    """A session token, and keys of the dashboard; an empty file."""
    usual = [make_token(), "crsr_0123456789abcdef", "key_0123456789abcdef"]
    assert describe_unusual(enumerate(usual, start=1)) is None
    assert describe_unusual([]) is None


def test_the_others_are_told_by_their_lines() -> None:
    """A few of them, if there are many."""
    assert describe_unusual([(3, "canary")]) == (
        "line 3 is not an API key (crsr_…), and not a session token"
        " (a JWT: it begins with eyJ and has two dots)"
    )
    many = describe_unusual((number, "canary") for number in range(1, 9))
    assert many is not None
    assert many.startswith("lines 1, 2, 3, 4, 5 and 3 more are not an API key")
    assert "canary" not in many
