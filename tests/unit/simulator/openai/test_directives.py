from __future__ import annotations

from cursor_api.simulator.faults import Faults
from cursor_api.simulator.openai.directives import LANGUAGE
from cursor_api.simulator.openai.errors import ERRORS


def test_every_error_can_be_asked_for() -> None:
    """At once or in the middle; frames and numbers are not of this wire."""
    for name in ERRORS:
        assert LANGUAGE.apply(name, Faults()) == Faults(error_before_text=1, error_title=name)
        assert LANGUAGE.apply(f"{name} mid", Faults()) == Faults(
            error_mid_stream=1, error_title=name
        )
    assert LANGUAGE.apply("refusal", Faults()).error_title == "refusal"
    assert "gzip" not in LANGUAGE.manual
    assert "error N" not in LANGUAGE.manual
