"""What servers say when they refuse, and whose fault it is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.transport.refusals import LEADS
from cursor_api.upstreams.anthropic.faults import (
    TYPES,
    WORDS,
    fault_of_answer,
    fault_of_error,
    read_error,
)
from tests.anthropic_stage import CONTEXT, KEY

JSON = {"content-type": "application/json"}


def error_of(kind: str, message: str = "no") -> dict[str, Any]:
    """An error as Anthropic writes it."""
    error = {"type": kind, "message": message}
    return {"type": "error", "error": error, "request_id": "req_1"}


def answer(status: int, error: Any = None, **headers: str) -> Fault:
    """The fault of an answer."""
    body = b"" if error is None else json.dumps(error).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return fault_of_answer(status, {**JSON, **named}, body, CONTEXT)


def test_every_kind_a_table_can_give_has_words() -> None:
    """No fault is without a beginning that says whose it is."""
    assert {*WORDS.values(), *TYPES.values()} <= set(LEADS)
    for status in range(201, 600):
        assert "{name}" not in answer(status).message
        assert "{name}" not in answer(status, error_of("unheard_of_error")).message


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (400, error_of("invalid_request_error", "max_tokens: too large"), "INVALID_REQUEST"),
        (
            400,
            error_of("invalid_request_error", "prompt is too long: 214505 tokens > 200000 maximum"),
            "CONTEXT_TOO_LONG",
        ),
        (
            400,
            error_of(
                "invalid_request_error",
                "input length and `max_tokens` exceed context limit: 1 + 2 > 3",
            ),
            "CONTEXT_TOO_LONG",
        ),
        (
            400,
            error_of(
                "invalid_request_error",
                "Your credit balance is too low to access the Anthropic API.",
            ),
            "QUOTA_EXHAUSTED",
        ),
        (
            400,
            error_of("invalid_request_error", "You have reached your specified API usage limits."),
            "QUOTA_EXHAUSTED",
        ),
        (
            400,
            error_of("invalid_request_error", "Output blocked by content filtering policy"),
            "CONTENT_REFUSED",
        ),
        (
            400,
            error_of("invalid_request_error", "This organization has been disabled."),
            "CREDENTIAL_REJECTED",
        ),
        (401, error_of("authentication_error", "invalid x-api-key"), "CREDENTIAL_REJECTED"),
        (402, error_of("billing_error", "pay"), "QUOTA_EXHAUSTED"),
        (403, error_of("permission_error"), "CREDENTIAL_FORBIDDEN"),
        (
            403,
            error_of("permission_error", "You've reached your usage limit for this cycle."),
            "QUOTA_EXHAUSTED",
        ),
        (
            429,
            error_of("rate_limit_error", "usage limit exceeded, 5-hour usage limit reached (2056)"),
            "QUOTA_EXHAUSTED",
        ),
        (429, error_of("1113", "Insufficient balance or no resource package."), "QUOTA_EXHAUSTED"),
        (404, error_of("not_found_error", "model: claude-x"), "MODEL_NOT_FOUND"),
        (404, error_of("not_found_error", "Not Found"), "PROTOCOL_ERROR"),
        (409, error_of("conflict_error"), "CONFLICT"),
        (413, error_of("request_too_large", "Request exceeds the maximum"), "BODY_TOO_LARGE"),
        (429, error_of("rate_limit_error", "wait"), "RATE_LIMITED"),
        (500, error_of("api_error"), "UPSTREAM_ERROR"),
        (504, error_of("timeout_error"), "UPSTREAM_TIMEOUT"),
        (529, error_of("overloaded_error", "Overloaded"), "UPSTREAM_OVERLOADED"),
        # Of servers that are only like it.
        (400, {"error": {"message": "bad"}}, "INVALID_REQUEST"),
        (400, {"error": "bad"}, "INVALID_REQUEST"),
        (401, {"message": "who?"}, "CREDENTIAL_REJECTED"),
        (402, {"error": {"message": "Insufficient Balance"}}, "QUOTA_EXHAUSTED"),
        (503, {"error": {"type": "weird", "message": "busy"}}, "UPSTREAM_OVERLOADED"),
        (
            400,
            error_of("invalid_request_error", "anthropic_messages: Invalid model name passed in"),
            "MODEL_NOT_FOUND",
        ),
        (400, error_of("invalid_request_error", "No connected db."), "CREDENTIAL_REJECTED"),
        # Without a word.
        (401, None, "CREDENTIAL_REJECTED"),
        (404, None, "PROTOCOL_ERROR"),
        (529, None, "UPSTREAM_OVERLOADED"),
        (302, None, "UPSTREAM_ERROR"),
    ],
)
def test_every_error_has_its_kind(status: int, error: Any, kind: str) -> None:
    """The words beat the type, the type the status."""
    fault = answer(status, error)
    assert fault.kind is FaultKind[kind]
    assert fault.param == ("model" if fault.kind is FaultKind.MODEL_NOT_FOUND else None)


@pytest.mark.parametrize(
    ("body", "kind", "code"),
    [
        (error_of("overloaded_error"), "UPSTREAM_OVERLOADED", "overloaded_error"),
        (error_of("rate_limit_error"), "RATE_LIMITED", "rate_limit_error"),
        (error_of("invalid_request_error"), "INVALID_REQUEST", "invalid_request_error"),
        (error_of("new_error"), "UPSTREAM_ERROR", "unknown"),
        ({}, "UPSTREAM_ERROR", "unknown"),
        ([], "UPSTREAM_ERROR", "unknown"),
    ],
)
def test_errors_in_the_middle_of_a_stream_have_no_status(body: Any, kind: str, code: str) -> None:
    """Only codes that are known are repeated."""
    fault = fault_of_error(json.dumps(body), CONTEXT)
    assert (fault.kind, fault.upstream_code) == (FaultKind[kind], code)


def test_what_is_said_is_one_clean_line_and_the_wait_is_honoured() -> None:
    """Without secrets; in seconds or as a date."""
    said = f"slow\ndown, {KEY.reveal()} sk-ant-api03-aaaaaaaaaaaaaaaaaaaaaaaa"
    fault = answer(429, error_of("rate_limit_error", said), retry_after="7")
    assert fault.message == "somewhere limits the rate of the gateway's key: slow down, an-o…oint …"
    assert (fault.retry_after_s, fault.upstream_code) == (7, "rate_limit_error")
    assert answer(529, retry_after="Tue, 14 Nov 2023 22:13:30 GMT").retry_after_s == 10


def test_what_is_no_error_is_none() -> None:
    """A page, a list, a good answer."""
    for body in (b"<html>", b"[]", b"{}", b'{"type": "message"}', b"\xff", b"[" * 9999):
        assert read_error(body) is None
