"""What people are told about keys of OpenAI-compatible endpoints."""

from __future__ import annotations

from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.upstreams.openai.words import WORDS


def test_a_wrong_address_is_told_in_this_apis_name() -> None:
    """A cheap model of the best known is asked in a test."""
    assert "OpenAI's chat completions?" in WORDS.advise(Fault(FaultKind.PROTOCOL_ERROR, ""))
    assert WORDS.test_models[0] == "gpt-4o-mini"
