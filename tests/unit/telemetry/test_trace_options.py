"""Where traces go."""

from __future__ import annotations

from pathlib import Path

import pytest

from cursor_api.installed import SCHEMA
from cursor_api.settings import load_settings
from cursor_api.telemetry.trace_options import TraceOptions, trace_headers

KEY = "a-key-of-the-operator"


def test_none_go_anywhere_unless_somebody_says_so(tmp_path: Path) -> None:
    """By default nothing leaves."""
    assert load_settings(SCHEMA, {"AUTH_TOKEN": KEY}, tmp_path).settings.traces == TraceOptions()


def test_headers_are_written_as_opentelemetry_does_and_hidden(tmp_path: Path) -> None:
    """With percent signs for what is special."""
    environ = {
        "AUTH_TOKEN": KEY,
        "TRACES_URL": "https://collector.example.com",
        "TRACES_HEADERS": "authorization=Bearer%20a-secret, x-team = red",
    }
    loaded = load_settings(SCHEMA, environ, tmp_path)
    found = {name: value.reveal() for name, value in loaded.settings.traces.headers}
    assert found == {"authorization": "Bearer a-secret", "x-team": "red"}
    row = next(one for one in loaded.rows if one.name == "TRACES_HEADERS")
    assert row.shown == "authorization, x-team (values hidden)"
    assert any(one.reveal() == "Bearer a-secret" for one in loaded.settings.secrets)


@pytest.mark.parametrize("text", ["a", "a b=c", "=c", "a=%0d%0a", "a=é", "a=%FF"])
def test_what_no_header_can_be_is_refused_unseen(text: str) -> None:
    """It may be a secret."""
    kind = trace_headers()
    with pytest.raises(ValueError, match=r"^has an? "):
        kind.parse(text)
    assert kind.quote(text) == "the text given"
