"""Faults in Anthropic's spelling, read with its SDK's own types."""

from __future__ import annotations

import json

import pytest
from anthropic.types.shared import ErrorResponse

from cursor_api.dialects.anthropic_messages.faults import FAULTS, render_fault
from cursor_api.dialects.openai import faults as openai_faults
from cursor_api.domain.errors import Fault, FaultKind, invalid_request

# Statuses that Anthropic has of its own.
OWN = {529: 503}


@pytest.mark.parametrize("kind", FaultKind)
def test_every_fault_is_an_error_object_with_a_fitting_type(kind: FaultKind) -> None:
    """Statuses and the advice about retries are those of the other client API."""
    rendered = render_fault(Fault(kind, "It broke."))
    body = json.loads(rendered.body)
    if body["error"]["type"] != "request_too_large":  # the SDK has no type for it
        ErrorResponse.model_validate(body, strict=True)
    assert body["type"] == "error"
    assert body["error"]["message"].endswith("It broke.")
    other = openai_faults.FAULTS[kind]
    assert OWN.get(rendered.status, rendered.status) == other.status
    assert FAULTS[kind].should_retry is other.should_retry
    headers = dict(rendered.headers)
    assert ("x-should-retry" in headers) is (other.should_retry is False)
    assert ("retry-after" in headers) is (other.retry_after_s is not None)


def test_a_401_says_that_a_retry_is_pointless() -> None:
    """Claude Code tries again for a minute otherwise."""
    headers = dict(render_fault(Fault(FaultKind.UNAUTHENTICATED, "Wrong.")).headers)
    assert headers["x-should-retry"] == "false"
    assert headers["www-authenticate"] == "Bearer"


def test_a_credential_of_the_callers_own_is_a_401_in_pass_through() -> None:
    """Elsewhere it is the gateway's."""
    fault = Fault(FaultKind.CREDENTIAL_REJECTED, "Revoked.")
    assert render_fault(fault).status == 502
    assert render_fault(fault, is_passthrough=True).status == 401


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (
            invalid_request("Field required.", code="x", param="messages.0.content.1.text"),
            "messages.0.content.1.text: Field required.",
        ),
        (
            invalid_request(
                "Bad type for 'messages[0].content'.", code="x", param="messages[0].content"
            ),
            "Bad type for 'messages.0.content'.",
        ),
        (Fault(FaultKind.CONTEXT_TOO_LONG, "9 > 8."), "prompt is too long: 9 > 8."),
        (Fault(FaultKind.CONTEXT_TOO_LONG, "The prompt is too long."), "The prompt is too long."),
    ],
)
def test_the_place_stands_in_the_message(fault: Fault, message: str) -> None:
    """There is no field for it, and Claude Code knows a long prompt by the words."""
    assert json.loads(render_fault(fault).body)["error"]["message"] == message
