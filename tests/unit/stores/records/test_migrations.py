"""Numbered SQL files and what was done of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from cursor_api.domain.errors import StoreError
from cursor_api.stores.records.migrations import plan, read_migrations
from cursor_api.stores.sqlite import file

KNOWN = read_migrations(Path(file.__file__).with_name("sql"))
LEDGER = [(one.number, one.digest) for one in KNOWN]


def test_they_are_numbered_from_one_without_a_gap() -> None:
    """And each has the hash of its own text."""
    assert [one.number for one in KNOWN] == list(range(1, len(KNOWN) + 1))
    assert len({one.digest for one in KNOWN}) == len(KNOWN) > 2


@pytest.mark.parametrize("count", range(len(KNOWN) + 1))
def test_what_is_left_is_applied(count: int) -> None:
    """In their order."""
    assert list(plan(LEDGER[:count], KNOWN, "x")) == list(KNOWN[count:])


def test_a_newer_database_is_refused() -> None:
    """Whoever goes back to an older version keeps what the newer one wrote."""
    with pytest.raises(StoreError, match=rf"x was written by a newer .* \(format {len(KNOWN) + 1}"):
        plan([*LEDGER, (len(KNOWN) + 1, "")], KNOWN, "x")


def test_a_file_that_was_changed_afterwards_is_noticed() -> None:
    """Nobody knows what that database looks like."""
    with pytest.raises(StoreError, match=r"another 0002_no_index\.sql than this program has"):
        plan([LEDGER[0], (2, "other")], KNOWN, "x")
