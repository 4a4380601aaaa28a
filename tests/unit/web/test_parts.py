"""The options of the addresses: what follows from the listener."""

from __future__ import annotations

from pathlib import Path

import pytest

from cursor_api.installed import SCHEMA
from cursor_api.settings import load_settings

KEY = "a-key-of-more-than-sixteen"


@pytest.mark.parametrize(
    ("host", "is_public", "hosts"), [("127.0.0.1", True, ()), ("0.0.0.0", False, ("*",))]
)
def test_who_may_read_the_log_follows_from_the_listener(
    tmp_path: Path, host: str, *, is_public: bool, hosts: tuple[str, ...]
) -> None:
    """On the loopback address everybody, under this machine's own names; beyond it nobody."""
    environ = {"HOST": host, "AUTH_TOKEN": KEY}
    options = load_settings(SCHEMA, environ, tmp_path).settings.web
    assert (options.is_log_public, options.allowed_hosts) == (is_public, hosts)
