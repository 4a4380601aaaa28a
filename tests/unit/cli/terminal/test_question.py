"""A question that whoever sits at the terminal answers."""

from __future__ import annotations

import io

import pytest

from cursor_api.cli.terminal.question import is_agreed


@pytest.mark.parametrize(
    ("typed", "is_yes"),
    [
        ("y\n", True),
        (" Yes \n", True),
        ("\n", False),
        ("no\n", False),
        ("yes, no\n", False),
        ("", False),
    ],
)
def test_only_a_yes_is_one(
    typed: str, *, is_yes: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever leaves without a word has not agreed."""
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    assert is_agreed("Really? [y/N] ") is is_yes
    assert capsys.readouterr().out == "Really? [y/N] "
