"""What people are told about keys of Anthropic-compatible endpoints."""

from __future__ import annotations

from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.upstreams.anthropic.words import WORDS


def test_a_wrong_address_is_told_in_this_apis_name() -> None:
    """The cheapest models are asked in a test."""
    assert "Anthropic's messages?" in WORDS.advise(Fault(FaultKind.PROTOCOL_ERROR, ""))
    assert "haiku" in WORDS.test_models[0]
