"""What the bridge says when a call or a run fails, and whose fault it is."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from cursor_api.domain.credential import Secret
from cursor_api.domain.errors import Fault, FaultKind, Scope
from cursor_api.upstreams.cursor_sdk.faults import (
    CODES,
    ERRORS,
    LEADS,
    LOST_AGENT_CODES,
    NAME_PREFIX,
    RUN_STATUSES,
    STATUSES,
    TEXTS,
    BridgeMask,
    fault_context,
    fault_of_answer,
    fault_of_failure,
    fault_of_run,
    read_error,
)
from cursor_api.wire.connect import CODE_TO_HTTP, ConnectFailure, ErrorDetail
from cursor_api.wire.protobuf import field_bytes, field_string, field_varint

KEY = Secret("crsr_0123456789abcdef0123456789")
CONTEXT = fault_context(KEY, lambda: 1_700_000_000.0)
JSON = {"content-type": "application/json"}
DETAILS = "sdk.v1.SdkErrorDetails"


def answer(status: int, code: str, message: str, value: bytes | None = b"\x1a\x00") -> Fault:
    """The fault of a unary call's answer in Connect's form, with details as the bridge has them."""
    content: dict[str, Any] = {"code": code, "message": message}
    if value is not None:
        encoded = base64.b64encode(value).decode().rstrip("=")
        content["details"] = [{"type": DETAILS, "value": encoded}]
    return fault_of_answer(status, JSON, json.dumps(content).encode(), CONTEXT)


def failure(message: str = "no", code: str = "internal", number: int = 0) -> Fault:
    """The fault of an error with an SdkErrorCode."""
    value = field_varint(2, number) + field_string(3, message)
    return fault_of_failure(ConnectFailure(code, message, (ErrorDetail(DETAILS, value),)), CONTEXT)


@pytest.mark.parametrize(
    ("status", "code", "message", "kind"),
    [
        # As the genuine bridge answered, with another server in Cursor's place.
        (401, "unauthenticated", "Invalid key", FaultKind.CREDENTIAL_REJECTED),
        (401, "unauthenticated", "API key is required.", FaultKind.CREDENTIAL_REJECTED),
        (500, "internal", "[plan_required] No plan", FaultKind.CREDENTIAL_FORBIDDEN),
        (403, "permission_denied", "No", FaultKind.CREDENTIAL_FORBIDDEN),
        (429, "resource_exhausted", "Slow down", FaultKind.RATE_LIMITED),
        (
            *(400, "invalid_argument", "Cannot use this model: x. Available models: y."),
            FaultKind.MODEL_NOT_FOUND,
        ),
        (500, "internal", "Network request failed", FaultKind.UNREACHABLE),
        (404, "not_found", "Unknown agent: nope", FaultKind.INTERNAL),
        (500, "internal", "Agent x already has active run run-1", FaultKind.INTERNAL),
        (400, "invalid_argument", "Run ID must be …", FaultKind.INVALID_REQUEST),
        (503, "unavailable", "Later", FaultKind.UPSTREAM_OVERLOADED),
        (500, "a_new_code", "What?", FaultKind.UPSTREAM_ERROR),
    ],
)
def test_a_call_that_is_refused(status: int, code: str, message: str, kind: FaultKind) -> None:
    """A known text first, then a code in the text, then that of the answer."""
    assert answer(status, code, message).kind is kind


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("[unauthenticated] Error", FaultKind.CREDENTIAL_REJECTED),
        ("[unknown] Invalid API key", FaultKind.CREDENTIAL_REJECTED),
        ("[permission_denied] Error", FaultKind.CREDENTIAL_FORBIDDEN),
        ("[resource_exhausted] Error", FaultKind.RATE_LIMITED),
        ("[unavailable] HTTP 429", FaultKind.RATE_LIMITED),
        ("Usage limit detail text", FaultKind.QUOTA_EXHAUSTED),
        ("Network request failed", FaultKind.UNREACHABLE),
        ("[unavailable] Error", FaultKind.UPSTREAM_OVERLOADED),
        ("[internal] Error", FaultKind.UPSTREAM_ERROR),
        ("[unknown] Error", FaultKind.UPSTREAM_ERROR),
        ("[unimplemented] Error", FaultKind.UPSTREAM_ERROR),
        ("Update Required Please update", FaultKind.CLIENT_OUTDATED),
        ("[invalid_argument] too long", FaultKind.INVALID_REQUEST),
        ("[deadline_exceeded] Error", FaultKind.UPSTREAM_TIMEOUT),
        ("Consumer is too slow", FaultKind.INCOMPLETE),
        ("", FaultKind.UPSTREAM_ERROR),
        ("Something new", FaultKind.UPSTREAM_ERROR),
        ("[something_new] Error", FaultKind.UPSTREAM_ERROR),
    ],
)
def test_a_run_that_failed(message: str, kind: FaultKind) -> None:
    """Its error code is empty; the text alone says what it was."""
    assert fault_of_run("ERROR", message, "", CONTEXT).kind is kind
    assert fault_of_run("RUN_LIFECYCLE_STATUS_ERROR", message, "", CONTEXT).kind is kind


@pytest.mark.parametrize("words", TEXTS)
def test_every_known_text_beats_every_code(words: str) -> None:
    """In a run and in a call, in any case."""
    kind, code = TEXTS[words]
    for fault in (
        failure(f"So: {words.title()}."),
        fault_of_run("ERROR", words.upper(), "unavailable", CONTEXT),
    ):
        assert (fault.kind, fault.upstream_code) == (kind, code)


@pytest.mark.parametrize("number", ERRORS)
def test_every_number_of_the_contract(number: int) -> None:
    """It beats the code of the answer, and is reported by its name; runs have it as a text."""
    name, kind = ERRORS[number]
    fault = failure("no", "unknown", number)
    assert (fault.kind, fault.upstream_code) == (kind, name)
    assert fault_of_run("ERROR", "no", NAME_PREFIX + name.upper(), CONTEXT).kind is kind


@pytest.mark.parametrize("code", CODES)
def test_every_code_alone_and_in_brackets(code: str) -> None:
    """What stands in brackets is more exact, and is not shown to people."""
    assert failure("no", code).kind is CODES[code]
    fault = failure(f"[{code}] why", "internal")
    assert (fault.kind, fault.upstream_code) == (CODES[code], code)
    assert fault.message.endswith(": why")


def test_the_tables_are_whole() -> None:
    """Every code of Connect's, and words for every kind that a row can give."""
    assert CODE_TO_HTTP.keys() <= CODES.keys()
    kinds = {*CODES.values(), *STATUSES.values(), *RUN_STATUSES.values()}
    kinds |= {kind for kind, _ in TEXTS.values()} | {FaultKind.PROTOCOL_ERROR}
    assert kinds == set(LEADS)


@pytest.mark.parametrize("status", RUN_STATUSES)
def test_a_run_that_says_nothing(status: str) -> None:
    """Cancelled by somebody else, or expired: it is not whole."""
    fault = fault_of_run(f"RUN_LIFECYCLE_STATUS_{status}", "", "", CONTEXT)
    assert (fault.kind, fault.upstream_code) == (RUN_STATUSES[status], status.lower())
    assert fault_of_run("A_NEW_STATUS", "", "", CONTEXT).upstream_code == "unknown"


@pytest.mark.parametrize(
    ("status", "kind"),
    [(404, FaultKind.PROTOCOL_ERROR), (415, FaultKind.PROTOCOL_ERROR), *STATUSES.items()],
)
def test_an_answer_in_no_form(status: int, kind: FaultKind) -> None:
    """The bridge answers unknown methods and types with nothing."""
    fault = fault_of_answer(status, {}, b"", CONTEXT)
    assert (fault.kind, fault.upstream_code) == (kind, f"http_{status}")


def test_the_bridges_own_token_is_no_ones_key() -> None:
    """A key that is refused has other words, so that no key pays for a wrong token."""
    fault = answer(401, "unauthenticated", "Unauthorized", None)
    assert (fault.kind, fault.upstream_code) == (FaultKind.PROTOCOL_ERROR, "bridge_token")
    assert "CURSOR_SDK_BRIDGE_TOKEN" in fault.message
    assert answer(401, "unauthenticated", "Unauthorized").scope is Scope.CREDENTIAL


def test_an_agent_that_is_lost_can_be_told_from_the_rest() -> None:
    """The bridge was started again: a new agent helps, and nobody is to blame."""
    for message in ("Unknown agent: a", "Agent a already has active run r"):
        fault = failure(message)
        assert fault.upstream_code in LOST_AGENT_CODES
        assert fault.scope is Scope.GATEWAY


def test_no_secret_and_no_flood_is_shown() -> None:
    """What looks like a key is masked; the rest is cut; the model is named as the parameter."""
    fault = failure(f"key {KEY.reveal()} and crsr_{'9' * 30} {'x ' * 2000}")
    assert KEY.reveal() not in fault.message
    assert "999" not in fault.message
    assert len(fault.message) < 400
    assert failure("Cannot use this model: x").param == "model"
    mask = BridgeMask(lambda text: text.replace("canary", "…"))
    mask.tokens = (Secret("the-bridge's-own-token"), Secret(""))
    assert mask("a canary, the-bridge's-own-token") == "a …, the-…oken"
    masked = fault_context(Secret(""), lambda: 0.0, lambda text: text.replace("canary", "…"))
    assert "canary" not in fault_of_run("ERROR", "a canary", "", masked).message


def test_how_long_to_wait_is_read_and_bounded() -> None:
    """As a protobuf Duration in the details; damaged details are none."""

    def wait_of(value: bytes) -> float | None:
        detail = ErrorDetail(f"type.googleapis.com/{DETAILS}", value)
        return read_error(ConnectFailure("internal", "", (detail,))).retry_after_s

    duration = field_varint(1, 7) + field_varint(2, 500_000_000)
    assert wait_of(field_bytes(6, duration)) == 7.5
    assert wait_of(field_bytes(6, field_varint(1, -5))) == 0
    assert wait_of(field_bytes(6, field_varint(1, 1 << 60))) == 31 * 24 * 3600
    assert wait_of(b"\xff\xff") is None
    assert read_error(ConnectFailure("internal", "", (ErrorDetail("other", b""),))).message == ""
