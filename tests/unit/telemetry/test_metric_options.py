"""Where metrics are to be had."""

from __future__ import annotations

from pathlib import Path

import pytest

from cursor_api.installed import SCHEMA
from cursor_api.options.addresses import ListenAddress
from cursor_api.settings import load_settings

KEY = "a-key-of-the-operator"


@pytest.mark.parametrize(
    ("text", "listen"),
    [
        ("", None),
        ("9464", ListenAddress("127.0.0.1", 9464)),
        ("0.0.0.0:9464", ListenAddress("0.0.0.0", 9464)),
        ("[::1]:9464", ListenAddress("::1", 9464)),
    ],
)
def test_a_port_alone_is_this_machines(
    tmp_path: Path, text: str, listen: ListenAddress | None
) -> None:
    """Anything wider is written out."""
    environ = {"AUTH_TOKEN": KEY, "METRICS_LISTEN": text}
    loaded = load_settings(SCHEMA, environ, tmp_path)
    assert loaded.settings.metrics.listen == listen
    assert loaded.settings.metrics.by_caller is False
    row = next(one for one in loaded.rows if one.name == "METRICS_LISTEN")
    assert row.shown == (str(listen) if listen else "(not set)")
