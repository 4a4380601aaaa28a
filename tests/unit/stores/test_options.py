"""Where files are when nobody says."""

from __future__ import annotations

from pathlib import Path

from cursor_api.options.setting import find_rows
from cursor_api.stores.options import RequestLogOptions, StoreFiles


def test_what_the_gateway_remembers_is_beside_the_tokens() -> None:
    """Whoever mounts a folder for the tokens keeps it with them; unknown tokens, unknown place."""
    rows = find_rows(StoreFiles)
    for name, default in {
        "pool_state_file": StoreFiles().pool_state_file,
        "request_log_file": StoreFiles().request_log_file,
    }.items():
        derive = rows[name,].derive
        assert derive is not None
        assert derive({"TOKEN_FILE": Path("/data/tokens")}, {}) == Path("/data") / default
        assert derive({}, {}) is None


def test_the_log_never_keeps_fewer_than_it_always_showed() -> None:
    """100 entries are the smallest ring."""
    entries = find_rows(RequestLogOptions)["entries_max",]
    assert (entries.default, RequestLogOptions().entries_max) == ("100", 100)
    assert entries.kind.label == "number, 100 to 100000"
