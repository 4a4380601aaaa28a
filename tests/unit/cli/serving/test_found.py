"""What is found, and what to do about a file that this user may not touch."""

from __future__ import annotations

import os

from cursor_api.cli.serving.found import as_problem, as_warning, give_rights
from cursor_api.options.rules import Facts


def test_a_finding_stands_where_its_setting_does() -> None:
    """As a problem or as a warning."""
    facts = Facts({"X": 1}, {"X": ".env:3"})
    assert str(as_problem(facts, "X", "is wrong").finding) == "X (.env:3): is wrong"
    assert as_problem(facts, "X", "is wrong").is_problem
    assert not as_warning(facts, "X", "is odd").is_problem


def test_who_needs_which_right_is_said() -> None:
    """By the number that the system knows the user by."""
    for right in ("read", "write"):
        assert (
            give_rights(right)
            == f"give the user with the id {os.geteuid()} the right to {right} it"
        )
