"""What an upstream's settings come to."""

from __future__ import annotations

from cursor_api.domain.credential import Secret
from cursor_api.options.upstreams import UpstreamSettings


def test_an_upstream_does_not_show_its_keys() -> None:
    """Settings are printed by tracebacks."""
    one = UpstreamSettings("work", "toy", None, (Secret("canary-1234"),))
    shown = repr(UpstreamSettings("work", "toy", None, headers=(("x", Secret("canary-1234")),)))
    assert "canary" not in repr(one) + shown
