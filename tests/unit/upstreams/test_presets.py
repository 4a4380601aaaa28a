"""The table of well-known endpoints."""

from __future__ import annotations

from urllib.parse import urlsplit

from cursor_api.options.addresses import base_url, is_loopback
from cursor_api.upstreams.openai.options import OpenAiOptions
from cursor_api.upstreams.presets import PRESETS


def test_every_address_is_one_that_the_settings_take_as_it_is() -> None:
    """With TLS, or on this machine; only what needs no key has no page for keys."""
    for row in PRESETS:
        assert base_url("https://example.com").parse(row.base_url) == row.base_url
        is_here = is_loopback(urlsplit(row.base_url).hostname or "")
        assert row.base_url.startswith("http://" if is_here else "https://"), row
        assert bool(row.keys_url) is not is_here, row
        if row.kind == "openai":
            assert OpenAiOptions(base_url=row.base_url).api_url == row.base_url, row


def test_a_name_is_one_endpoint() -> None:
    """Other names lead to it as well, in any case."""
    names = [name for row in PRESETS for name in (row.name, *row.aliases)]
    assert len(set(names)) == len(names)
    assert all(name == name.lower() for name in names)
