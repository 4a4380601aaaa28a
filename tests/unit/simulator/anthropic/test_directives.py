from __future__ import annotations

from cursor_api.simulator.anthropic.directives import LANGUAGE
from cursor_api.simulator.anthropic.errors import ERRORS
from cursor_api.simulator.faults import Faults


def test_every_error_can_be_asked_for() -> None:
    """At once or in the middle."""
    for name in ERRORS:
        assert LANGUAGE.token_faults(f"sim-{name}", Faults()) == Faults(
            error_before_text=1, error_title=name
        )
        assert LANGUAGE.apply(f"{name} mid", Faults()).error_mid_stream == 1
