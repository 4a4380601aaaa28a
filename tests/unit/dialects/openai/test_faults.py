"""Every fault's status, code and headers, as the table that clients' behaviour led to."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cursor_api.dialects.openai.faults import FAULTS, PASSTHROUGH_FAULTS, render_fault
from cursor_api.domain.errors import Fault, FaultKind, Scope, invalid_request
from cursor_api.ports.dialect import RenderedFault


def headers_of(rendered: RenderedFault) -> dict[str, str]:
    """A fault's headers; each name once."""
    assert len(dict(rendered.headers)) == len(rendered.headers)
    return dict(rendered.headers)


def error_of(rendered: RenderedFault) -> dict[str, Any]:
    """The error object, which always has OpenAI's four fields."""
    decoded = json.loads(rendered.body)
    assert set(decoded) == {"error"}
    assert set(decoded["error"]) == {"message", "type", "param", "code"}
    error: dict[str, Any] = decoded["error"]
    return error


@pytest.mark.parametrize("kind", FaultKind)
def test_every_kind_of_fault_is_a_whole_error_answer(kind: FaultKind) -> None:
    """The table is total; message, type and code are never empty, the body is JSON."""
    for is_passthrough in (False, True):
        rendered = render_fault(Fault(kind, "Words."), is_passthrough=is_passthrough)
        error = error_of(rendered)
        assert 400 <= rendered.status <= 599
        assert rendered.status != 422
        assert error["message"] == "Words."
        assert error["type"]
        assert error["code"]
        assert headers_of(rendered)["content-type"] == "application/json"


EXPECTED = {
    # kind: status, code, may be retried
    FaultKind.INVALID_REQUEST: (400, "invalid_request", False),
    FaultKind.UNAUTHENTICATED: (401, "unauthorized", False),
    FaultKind.LOCKED_OUT: (429, "too_many_wrong_keys", False),
    FaultKind.FORBIDDEN: (403, "forbidden", False),
    FaultKind.NOT_FOUND: (404, "not_found", False),
    FaultKind.METHOD_NOT_ALLOWED: (405, "method_not_allowed", False),
    FaultKind.MODEL_NOT_FOUND: (404, "model_not_found", False),
    FaultKind.BODY_TOO_LARGE: (413, "body_too_large", False),
    FaultKind.CONTEXT_TOO_LONG: (400, "context_length_exceeded", False),
    FaultKind.CONTENT_REFUSED: (400, "content_policy_violation", False),
    FaultKind.CONCURRENCY_EXCEEDED: (429, "concurrency_exceeded", True),
    FaultKind.MODEL_NOT_ALLOWED: (403, "model_not_allowed", False),
    FaultKind.KEY_LIMIT_REACHED: (429, "rate_limit_exceeded", True),
    FaultKind.KEY_LIMIT_TOO_SMALL: (429, "rate_limit_exceeded", False),
    FaultKind.KEY_BUDGET_SPENT: (429, "insufficient_quota", False),
    FaultKind.CONFLICT: (409, "conflict", False),
    FaultKind.WRONG_NODE: (409, "wrong_node", True),
    FaultKind.PRECONDITION_FAILED: (412, "precondition_failed", False),
    FaultKind.CREDENTIAL_REJECTED: (502, "upstream_auth_error", False),
    FaultKind.CREDENTIAL_FORBIDDEN: (403, "upstream_forbidden", False),
    FaultKind.CREDENTIAL_BLOCKED: (403, "upstream_blocked", False),
    FaultKind.CREDENTIAL_SILENT: (504, "upstream_timeout", True),
    FaultKind.CREDENTIAL_FAILING: (502, "upstream_error", True),
    FaultKind.RATE_LIMITED: (429, "rate_limit_exceeded", True),
    FaultKind.QUOTA_EXHAUSTED: (429, "insufficient_quota", False),
    FaultKind.CLIENT_OUTDATED: (502, "upstream_client_outdated", False),
    FaultKind.UNREACHABLE: (502, "upstream_unreachable", True),
    FaultKind.UPSTREAM_TIMEOUT: (504, "upstream_timeout", True),
    FaultKind.UPSTREAM_ERROR: (502, "upstream_error", True),
    FaultKind.UPSTREAM_OVERLOADED: (503, "upstream_overloaded", True),
    FaultKind.PROTOCOL_ERROR: (502, "upstream_protocol_error", True),
    FaultKind.INCOMPLETE: (502, "upstream_incomplete", True),
    FaultKind.UPSTREAM_UNAVAILABLE: (503, "upstream_unavailable", True),
    FaultKind.NO_CREDENTIALS: (503, "no_tokens", False),
    FaultKind.OVERLOADED: (503, "overloaded", True),
    FaultKind.INVALID_OUTPUT: (502, "invalid_output", False),
    FaultKind.LIMITS_UNAVAILABLE: (503, "limits_unavailable", True),
    FaultKind.STORE_FAILED: (500, "store_failed", False),
    FaultKind.INTERNAL: (500, "internal_error", False),
    FaultKind.MALFORMED_REQUEST: (400, "bad_request", True),
    FaultKind.HEAD_TOO_LARGE: (431, "request_header_fields_too_large", True),
    FaultKind.REQUEST_TIMEOUT: (408, "request_timeout", True),
}


@pytest.mark.parametrize("kind", FaultKind)
def test_status_code_and_retry_of_each_kind(kind: FaultKind) -> None:
    """Clients and the earlier program's users rely on these; a change here is a change for them."""
    rendered = render_fault(Fault(kind, "Words."))
    is_told_not_to_retry = headers_of(rendered).get("x-should-retry") == "false"
    assert (rendered.status, error_of(rendered)["code"], not is_told_not_to_retry) == EXPECTED[kind]


@pytest.mark.parametrize(
    ("type_", "kinds"),
    [
        (
            "authentication_error",
            {FaultKind.UNAUTHENTICATED, FaultKind.LOCKED_OUT, FaultKind.CREDENTIAL_REJECTED},
        ),
        (
            "permission_error",
            {
                FaultKind.FORBIDDEN,
                FaultKind.CREDENTIAL_FORBIDDEN,
                FaultKind.CREDENTIAL_BLOCKED,
                FaultKind.MODEL_NOT_ALLOWED,
            },
        ),
        (
            "rate_limit_error",
            {
                FaultKind.RATE_LIMITED,
                FaultKind.CONCURRENCY_EXCEEDED,
                FaultKind.KEY_LIMIT_REACHED,
                FaultKind.KEY_LIMIT_TOO_SMALL,
            },
        ),
        # Codex stops after one request when it sees this word.
        ("insufficient_quota", {FaultKind.QUOTA_EXHAUSTED, FaultKind.KEY_BUDGET_SPENT}),
        (
            "server_error",
            {
                FaultKind.NO_CREDENTIALS,
                FaultKind.OVERLOADED,
                FaultKind.INVALID_OUTPUT,
                FaultKind.LIMITS_UNAVAILABLE,
                FaultKind.STORE_FAILED,
                FaultKind.INTERNAL,
            },
        ),
        (
            "upstream_error",
            {
                FaultKind.CLIENT_OUTDATED,
                FaultKind.UNREACHABLE,
                FaultKind.UPSTREAM_TIMEOUT,
                FaultKind.UPSTREAM_ERROR,
                FaultKind.UPSTREAM_OVERLOADED,
                FaultKind.PROTOCOL_ERROR,
                FaultKind.INCOMPLETE,
                FaultKind.CREDENTIAL_SILENT,
                FaultKind.CREDENTIAL_FAILING,
                FaultKind.UPSTREAM_UNAVAILABLE,
            },
        ),
        (
            "invalid_request_error",
            {
                FaultKind.INVALID_REQUEST,
                FaultKind.NOT_FOUND,
                FaultKind.METHOD_NOT_ALLOWED,
                FaultKind.MODEL_NOT_FOUND,
                FaultKind.BODY_TOO_LARGE,
                FaultKind.CONTEXT_TOO_LONG,
                FaultKind.CONTENT_REFUSED,
                FaultKind.CONFLICT,
                FaultKind.WRONG_NODE,
                FaultKind.PRECONDITION_FAILED,
                FaultKind.MALFORMED_REQUEST,
                FaultKind.HEAD_TOO_LARGE,
                FaultKind.REQUEST_TIMEOUT,
            },
        ),
    ],
)
def test_the_type_groups_kinds_as_openai_does(type_: str, kinds: set[FaultKind]) -> None:
    """OpenAI's own types where it has one; whose fault it is where it has none."""
    assert {kind for kind in FaultKind if FAULTS[kind].type == type_} == kinds


def test_waits_where_the_upstream_names_none() -> None:
    """Short where a retry may help, the longest where a person must act first."""
    waits_s = {kind: shape.retry_after_s for kind, shape in FAULTS.items() if shape.retry_after_s}
    assert waits_s == {
        FaultKind.LOCKED_OUT: 60,
        FaultKind.CONCURRENCY_EXCEEDED: 1,
        FaultKind.KEY_LIMIT_REACHED: 1,
        FaultKind.LIMITS_UNAVAILABLE: 1,
        FaultKind.UPSTREAM_UNAVAILABLE: 5,
        FaultKind.RATE_LIMITED: 5,
        FaultKind.QUOTA_EXHAUSTED: 60,
        FaultKind.UPSTREAM_OVERLOADED: 5,
        FaultKind.NO_CREDENTIALS: 60,
        FaultKind.OVERLOADED: 1,
    }


def test_the_tables_are_total_and_differ_only_in_the_rejected_credential() -> None:
    """In pass-through the caller's key is the credential, so a rejected one is a plain 401."""
    assert set(FAULTS) == set(PASSTHROUGH_FAULTS) == set(FaultKind)
    assert {kind for kind in FaultKind if FAULTS[kind] != PASSTHROUGH_FAULTS[kind]} == {
        FaultKind.CREDENTIAL_REJECTED
    }
    rendered = render_fault(Fault(FaultKind.CREDENTIAL_REJECTED, "Expired."), is_passthrough=True)
    assert (rendered.status, error_of(rendered)["code"]) == (401, "invalid_api_key")
    assert headers_of(rendered)["www-authenticate"] == "Bearer"
    assert headers_of(rendered)["x-should-retry"] == "false"


def test_no_mistake_of_the_caller_invites_a_retry() -> None:
    """What the caller must change stays wrong however often it is sent.

    But limits refill, and another connection may lead to another node.
    """
    mistakes = [kind for kind in FaultKind if Fault(kind, "").scope is Scope.REQUEST]
    assert {kind for kind in mistakes if FAULTS[kind].should_retry} == {
        FaultKind.KEY_LIMIT_REACHED,
        FaultKind.WRONG_NODE,
    }


@pytest.mark.parametrize("kind", FaultKind)
@pytest.mark.parametrize("wait_s", [None, 0, -5, 0.2, 1, 29.01, 60, 3600, float("inf"), 1e300])
def test_retry_after_is_whole_seconds_between_1_and_60(
    kind: FaultKind, wait_s: float | None
) -> None:
    """Always there on 429 and 503, where a wait mends anything.

    Some SDKs wait silently for as long as they are told.
    """
    rendered = render_fault(Fault(kind, "Words.", retry_after_s=wait_s))
    retry_after = headers_of(rendered).get("retry-after")
    if kind in {FaultKind.KEY_BUDGET_SPENT, FaultKind.KEY_LIMIT_TOO_SMALL}:
        assert retry_after is None
    elif rendered.status in {429, 503}:
        assert retry_after is not None
    if retry_after is not None:
        assert retry_after.isdigit()
        assert 1 <= int(retry_after) <= 60


def test_what_the_upstream_asks_for_is_rounded_up() -> None:
    """29.01 seconds are 30; a NaN, which no comparison holds for, is the shortest wait."""
    for wait_s, expected in ((29.01, "30"), (60, "60"), (float("nan"), "1"), (0, "1")):
        fault = Fault(FaultKind.RATE_LIMITED, "Slow down.", retry_after_s=wait_s)
        assert headers_of(render_fault(fault))["retry-after"] == expected
        assert error_of(render_fault(fault))["message"] == "Slow down."


@pytest.mark.parametrize(
    ("wait_s", "words"),
    [
        (61, "1 min 1 s"),
        (3600, "1 h"),
        (90_000.5, "25 h 1 s"),
        (float("inf"), "unknown length"),
    ],
)
def test_a_long_wait_is_told_in_words_and_not_retried(wait_s: float, words: str) -> None:
    """Above 60 s the header would make SDKs hang, and retries within 60 s would fail."""
    fault = Fault(FaultKind.RATE_LIMITED, "Slow down.", retry_after_s=wait_s)
    rendered = render_fault(fault)
    message = error_of(rendered)["message"]
    assert message == f"Slow down. The upstream asks for a wait of {words}."
    assert headers_of(rendered)["retry-after"] == "60"
    assert headers_of(rendered)["x-should-retry"] == "false"


def test_an_upstream_s_wait_is_passed_on_where_a_retry_can_help() -> None:
    """Also on a 502, which has no Retry-After of its own; never on a caller's mistake."""
    retryable = render_fault(Fault(FaultKind.UPSTREAM_ERROR, "", retry_after_s=7))
    final = render_fault(Fault(FaultKind.INVALID_REQUEST, "", retry_after_s=7))
    assert headers_of(retryable)["retry-after"] == "7"
    assert "retry-after" not in headers_of(final)
    assert "retry-after" not in headers_of(render_fault(Fault(FaultKind.UPSTREAM_ERROR, "")))


def test_a_wrong_key_names_the_scheme_and_stops_retries() -> None:
    """Without x-should-retry Claude Code retries a 401 for more than a minute."""
    headers = headers_of(render_fault(Fault(FaultKind.UNAUTHENTICATED, "No key.")))
    assert headers["www-authenticate"] == "Bearer"
    assert headers["x-should-retry"] == "false"


def test_the_field_at_fault_and_an_exact_code_are_told() -> None:
    """`param` is the caller's own field; an exact code replaces the kind's."""
    rendered = render_fault(
        invalid_request("Bad.", code="invalid_type", param="messages[0].content")
    )
    assert rendered.status == 400
    assert error_of(rendered) == {
        "message": "Bad.",
        "type": "invalid_request_error",
        "param": "messages[0].content",
        "code": "invalid_type",
    }
    assert error_of(render_fault(Fault(FaultKind.INVALID_REQUEST, "Bad.")))["param"] is None
