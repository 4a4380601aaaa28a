"""What upstreams and models come to."""

from __future__ import annotations

from cursor_api.domain.credential import Secret
from cursor_api.options.upstreams import ModelSettings, Target, UpstreamSettings


def test_an_upstream_does_not_show_its_keys() -> None:
    """Settings are printed by tracebacks."""
    one = UpstreamSettings("work", "toy", None, (Secret("canary-1234"),))
    shown = repr(UpstreamSettings("work", "toy", None, headers=(("x", Secret("canary-1234")),)))
    assert "canary" not in repr(one) + shown


def test_a_target_is_the_names_of_both() -> None:
    """It can be taken apart."""
    model = ModelSettings("fast", (Target("work", "gpt-4o"),))
    [(upstream, name)] = model.routes
    assert (upstream, name, model.aliases) == ("work", "gpt-4o", ())
