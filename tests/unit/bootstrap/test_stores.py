"""Where a gateway keeps what it keeps."""

from __future__ import annotations

from pathlib import Path

from cursor_api.bootstrap import file_stores, make_checksum, memory_stores
from cursor_api.installed import SCHEMA
from cursor_api.settings import load_settings
from cursor_api.wire.checksum import parse_checksum


def test_a_new_device_is_another_one_each_time() -> None:
    """A token without a checksum gets one of its own."""
    assert parse_checksum(make_checksum()) != parse_checksum(make_checksum())


def test_a_file_of_requests_is_there_unless_none_shall_be_kept(tmp_path: Path) -> None:
    """0 keeps them in memory alone, as a demo does."""

    def kept(count: str) -> object:
        variables = {"AUTH_TOKEN": "k" * 20, "GATEWAY_LOG_KEPT_MAX": count}
        loaded = load_settings(SCHEMA, variables, tmp_path, None)
        return file_stores(loaded.settings).records

    assert kept("10") is not None
    assert kept("0") is None
    assert memory_stores([]).records is None
