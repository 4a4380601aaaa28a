"""What is installed fits together."""

from __future__ import annotations

from cursor_api.installed import DIALECTS


def test_no_address_is_two_dialects() -> None:
    """A request's address says which client API it speaks."""
    paths = [path for dialect in DIALECTS for path in dialect.paths]
    assert len(paths) == len(set(paths))
    assert len({dialect.name for dialect in DIALECTS}) == len(DIALECTS)
