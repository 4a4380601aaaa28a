"""`cursor-api audit`: what was done at the command line and elsewhere."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cursor_api.cli import main

PRICE = ["m-*", "--input", "1", "--output", "2", "--source", "a page", "--from", "2026-01-31"]


def test_where_nothing_was_done_no_file_is_made(
    capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    """And it is said."""
    assert main(["audit"]) == 0
    assert capsys.readouterr().out == "There are no such changes.\n"
    assert list(folder.iterdir()) == []


def test_each_command_that_changes_something_is_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    """The last one first; what failed is not, nor is a secret."""
    for arguments in (
        ["key", "create", "Alice"],
        ["key", "change", "alice", "--note", "x"],
        ["key", "limits", "alice", "--rpm", "5"],
        ["key", "rotate", "alice"],
        ["key", "revoke", "alice"],
        ["key", "delete", "alice"],
        ["price", "set", *PRICE],
        ["price", "remove", "m-*", "--from", "2026-01-31"],
    ):
        assert main(arguments) == 0
    assert main(["key", "revoke", "nobody"]) == 1
    assert "sk-ca-" in capsys.readouterr().out
    assert main(["audit", "--json"]) == 0
    out = capsys.readouterr().out
    assert "sk-ca-" not in out
    found = json.loads(out)
    assert {one["actor"] for one in found["acts"]} == {"command-line"}
    assert [(one["kind"], one["subject"]) for one in reversed(found["acts"])] == [
        ("key_created", "alice"),
        ("key_changed", "alice"),
        ("key_changed", "alice"),
        ("key_rotated", "alice"),
        ("key_revoked", "alice"),
        ("key_deleted", "alice"),
        ("price_set", "m-* 2026-01-31"),
        ("price_removed", "m-* 2026-01-31"),
    ]
    assert main(["audit", "--kind", "key_rotated", "-n", "1"]) == 0
    heading, row = capsys.readouterr().out.splitlines()
    assert heading.split() == ["AT", "WHO", "WHAT", "OF"]
    assert row.split()[2:] == ["command-line", "key_rotated", "alice"]
