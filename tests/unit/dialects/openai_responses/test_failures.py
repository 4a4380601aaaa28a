"""The error of a stream that fails."""

from __future__ import annotations

import json

from openai.types.responses import ResponseError

from cursor_api.dialects.openai_responses.failures import CODES, render_failure
from cursor_api.domain.errors import Fault, FaultKind

# What agents know and OpenAI's types do not have.
AGENTS_OWN = {"context_length_exceeded", "insufficient_quota"}


def test_every_fault_has_a_code_that_clients_know() -> None:
    """And its own words."""
    for kind in FaultKind:
        found = json.loads(render_failure(Fault(kind, "No.\u2028")))
        assert found["message"] == "No.\u2028"
        if found["code"] not in AGENTS_OWN:
            ResponseError.model_validate(found)
    assert set(CODES.values()) > AGENTS_OWN
