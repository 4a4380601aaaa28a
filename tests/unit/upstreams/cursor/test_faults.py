"""Cursor's errors: every number, every name, the titles, the statuses, and what people read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cursor_api.domain.credential import Secret
from cursor_api.domain.errors import Fault, FaultKind, Scope
from cursor_api.telemetry.redaction import Redactor
from cursor_api.transport.faults import STATUS_KINDS, kind_of_status
from cursor_api.transport.quoting import SAID_LENGTH_MAX
from cursor_api.upstreams.cursor.faults import (
    CODES,
    ERROR_TITLES,
    ERRORS,
    LEADS,
    NUMBERS,
    CursorError,
    fault_context,
    fault_of_answer,
    fault_of_failure,
    read_error,
)
from cursor_api.wire.connect import (
    CODE_TO_HTTP,
    ConnectFailure,
    ErrorDetail,
    encode_error_json,
    parse_end_stream,
)
from cursor_api.wire.protobuf import field_bytes, field_string, field_varint
from tests.vectors.load import load

SECRET = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.c2VjcmV0LWNsYWltcw.signature"
CONTEXT = fault_context(Secret(SECRET), lambda: 1_700_000_000.0)
JSON = {"content-type": "application/json"}

# The groups of numbers, written down a second time and independently of the table under test.
GROUPS: dict[FaultKind, set[int]] = {
    FaultKind.CREDENTIAL_REJECTED: {1, 2, 3, 6, 11, 12, 18, 38, 42, 46},
    FaultKind.CREDENTIAL_FORBIDDEN: {4, 17, 23, 47, 48, 53},
    FaultKind.INVALID_REQUEST: {24, 26, 27, 31, 36},
    FaultKind.MODEL_NOT_FOUND: {5},
    FaultKind.CONTEXT_TOO_LONG: {20, 43},
    FaultKind.NOT_FOUND: {16, 19, 32, 33, 39},
    FaultKind.RATE_LIMITED: {7, 8, 14, 15, 22, 28, 34, 50, 51},
    FaultKind.QUOTA_EXHAUSTED: {9, 10, 41, 44, 45},
    FaultKind.CLIENT_OUTDATED: {30, 40},
    FaultKind.UPSTREAM_TIMEOUT: {25},
    FaultKind.CONFLICT: {49},
    FaultKind.UPSTREAM_ERROR: {0, 13, 21, 29, 35, 37, 52},
}


def value_of(number: int | None, title: str = "", detail: str = "") -> bytes:
    """An encoded ErrorDetails."""
    error = b"" if number is None else field_varint(1, number)
    texts = field_string(1, title) + field_string(2, detail) + field_varint(4, 1)
    return error + field_bytes(2, texts) + field_varint(3, 1)


def failure_of(
    value: bytes = b"", debug: object = None, code: str = "resource_exhausted"
) -> ConnectFailure:
    """An error as the private API sends it: the message is literally "Error"."""
    return ConnectFailure(code, "Error", (ErrorDetail("aiserver.v1.ErrorDetails", value, debug),))


def read(failure: ConnectFailure, **more: Any) -> Fault:
    """The fault it is."""
    return fault_of_failure(failure, CONTEXT, **more)


def answer(status: int, body: bytes, headers: dict[str, str] | None = None) -> Fault:
    """The fault of an HTTP answer."""
    return fault_of_answer(status, JSON if headers is None else headers, body, CONTEXT)


def test_the_table_is_total() -> None:
    """All 54 numbers, each in the group that the protocol's facts put it in."""
    assert sorted(ERRORS) == list(range(54))
    assert {number for numbers in GROUPS.values() for number in numbers} == set(range(54))
    for kind, numbers in GROUPS.items():
        assert {number for number, (_, its) in ERRORS.items() if its is kind} == numbers, kind
    assert len(NUMBERS) == 54


def test_every_kind_a_table_can_give_has_words() -> None:
    """No table leads to a message without a beginning."""
    kinds = {kind for _, kind in ERRORS.values()} | {*ERROR_TITLES.values(), *CODES.values()}
    kinds |= {*STATUS_KINDS.values()} | {kind_of_status(status) for status in range(100, 600)}
    assert kinds == set(LEADS)
    assert set(CODES) == set(CODE_TO_HTTP)


@pytest.mark.parametrize("number", range(54))
def test_a_number_decides_whatever_the_code_says(number: int) -> None:
    """By value, and by the name in `debug` where the value cannot be read."""
    name, kind = ERRORS[number]
    for code in ("resource_exhausted", "unauthenticated", "made_up"):
        fault = read(failure_of(value_of(number, "T", "D."), code=code))
        assert (fault.kind, fault.upstream_code) == (kind, f"ERROR_{name}")
        assert fault.message.endswith(": T. D.")
    for error in (f"ERROR_{name}", name, number):
        debug = {"error": error, "details": {"title": "T", "detail": "D."}}
        for value in (b"", b"\xff\xff"):
            assert read(failure_of(value, debug)).kind is kind
    assert read(failure_of(value_of(number)), status=500).kind is kind


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("Update Required", FaultKind.CLIENT_OUTDATED),
        ("Too many computers used within the last 24 hours", FaultKind.CREDENTIAL_BLOCKED),
        ("Suspicious activity", FaultKind.CREDENTIAL_BLOCKED),
        ("Unauthorized request.", FaultKind.CREDENTIAL_REJECTED),
        ("User is unauthorized", FaultKind.CREDENTIAL_REJECTED),
        (
            "The response was filtered due to the prompt triggering the content management policy.",
            FaultKind.CONTENT_REFUSED,
        ),
        ("Output blocked by content filtering policy", FaultKind.CONTENT_REFUSED),
        ("content_policy_violation", FaultKind.CONTENT_REFUSED),
        ("This violates our content policy", FaultKind.CONTENT_REFUSED),
        ("flagged as potentially violating our usage policy", FaultKind.CONTENT_REFUSED),
        ("rejected as a result of our safety system", FaultKind.CONTENT_REFUSED),
        ("This model's maximum context length is 8192 tokens.", FaultKind.CONTEXT_TOO_LONG),
        ("context_length_exceeded", FaultKind.CONTEXT_TOO_LONG),
        ("prompt is too long: 210000 tokens", FaultKind.CONTEXT_TOO_LONG),
    ],
)
def test_a_title_beats_every_number(title: str, kind: FaultKind) -> None:
    """In title, in detail, in `debug`, in a plain message, in any case of letters."""
    for number in (None, *ERRORS, 99):
        assert read(failure_of(value_of(number, title))).kind is kind
        assert read(failure_of(value_of(number, "Oops", title.upper()))).kind is kind
    assert (
        read(failure_of(b"", {"error": "ERROR_CUSTOM", "details": {"title": title}})).kind is kind
    )
    body = encode_error_json(ConnectFailure("unavailable", title))
    assert answer(503, body).kind is kind


def test_an_outdated_client_is_the_operators_and_never_a_rate_limit() -> None:
    """Seen live: number 28 with this title. It blames the endpoint and says what to change."""
    fault = read(failure_of(value_of(28, "Update Required", "Please update to continue.")))
    assert (fault.kind, fault.scope) == (FaultKind.CLIENT_OUTDATED, Scope.ENDPOINT)
    assert "CURSOR_CLIENT_VERSION" in fault.message
    assert fault.message.endswith(": Update Required. Please update to continue.")
    assert fault.upstream_code == "ERROR_GPT_4_VISION_PREVIEW_RATE_LIMIT"


@pytest.mark.parametrize("code", list(CODE_TO_HTTP))
def test_an_unknown_number_leaves_it_to_the_code(code: str) -> None:
    """Numbers of later versions, and failures without details."""
    assert read(failure_of(value_of(77), code=code)).kind is CODES[code]
    assert read(ConnectFailure(code, "words")).kind is CODES[code]
    assert (
        read(ConnectFailure(code, "words")).message
        == f"{LEADS[CODES[code]].format(name='Cursor')}: words"
    )


def test_an_unknown_code_is_the_upstreams_failure() -> None:
    """And is not repeated: who knows what it holds."""
    fault = read(ConnectFailure("<script>", ""))
    assert (fault.kind, fault.upstream_code) == (FaultKind.UPSTREAM_ERROR, "unknown")
    assert fault.message == "Cursor failed."
    assert read(failure_of(value_of(77), code="?")).upstream_code == "ERROR_77"


def test_a_telling_status_beats_the_code_but_not_the_number() -> None:
    """426 with any code is an outdated client; a number says more."""
    body = encode_error_json(ConnectFailure("internal", "Error"))
    assert answer(426, body).kind is FaultKind.CLIENT_OUTDATED
    assert answer(418, body).kind is FaultKind.UPSTREAM_ERROR
    body = encode_error_json(failure_of(value_of(50), code="internal"))
    assert answer(426, body).kind is FaultKind.RATE_LIMITED
    assert answer(404, encode_error_json(ConnectFailure("?", ""))).kind is FaultKind.UPSTREAM_ERROR


def test_the_captured_details_are_read() -> None:
    """Real values, padded or not, with and without `debug`."""
    vectors = load("streamchat")
    for vector in vectors["error_details"]:
        for padding in ("", "=" * (-len(vector["base64"]) % 4)):
            detail = {"type": "aiserver.v1.ErrorDetails", "value": vector["base64"] + padding}
            error = {"code": "unknown", "message": "Error", "details": [detail]}
            failure = parse_end_stream(json.dumps({"error": error}).encode()).error
            assert failure is not None
            expected = CursorError(vector["number"], vector["title"], vector["detail"])
            assert read_error(failure) == expected
    failure = parse_end_stream(vectors["error_end_stream"]["json"].encode()).error
    assert failure is not None
    fault = read(failure)
    assert fault.kind is FaultKind.RATE_LIMITED
    assert fault.message == "Cursor limits the rate of this account: Rate limited. Slow down."


@pytest.mark.parametrize(
    ("value", "debug", "expected"),
    [
        (b"", None, CursorError(None)),
        (b"", [], CursorError(None)),
        (b"", {"error": "ERROR_NEW", "details": 3}, CursorError(None)),
        (b"", {"error": True, "details": {"title": 1, "detail": None}}, CursorError(None)),
        (b"", {"error": 50, "details": {"title": "t"}}, CursorError(50, "t")),
        (b"\x0a", {"error": "ERROR_TIMEOUT"}, CursorError(25)),
        (value_of(7, "\x00"), None, CursorError(7, "\x00")),
        (value_of(None, "t"), {"error": "ERROR_TIMEOUT"}, CursorError(25, "t")),
        (value_of(7), {"error": "ERROR_TIMEOUT", "details": {"title": "t"}}, CursorError(7, "t")),
        (field_varint(1, 7) + b"\x12\x03\x0a\x01\xff", {"error": 8}, CursorError(8)),
        (field_varint(2, 7) + field_string(1, "x"), None, CursorError(None)),
        (field_varint(1, (1 << 64) - 1), None, CursorError(-1)),
    ],
)
def test_details_of_any_shape_are_survived(
    value: bytes, debug: object, expected: CursorError
) -> None:
    """Value first, `debug` for what it lacks, nothing where neither can be read."""
    assert read_error(failure_of(value, debug)) == expected


def test_details_of_other_types_are_passed_over() -> None:
    """The first ErrorDetails counts, with or without a type server's prefix."""
    other = ErrorDetail("google.rpc.RetryInfo", b"\xff")
    mine = ErrorDetail("type.googleapis.com/aiserver.v1.ErrorDetails", value_of(7))
    assert read_error(ConnectFailure("", "", (other, mine))).number == 7


def test_what_the_upstream_says_is_one_clean_short_line() -> None:
    """Control characters, bidi tricks and length cannot reach logs and terminals."""
    nasty = "a\r\nb\x00c\x1b[31m\u202ed\t e"
    assert read(failure_of(value_of(7, nasty))).message.endswith(": a b c [31m d e")
    long = read(failure_of(value_of(7, "x" * 10_000))).message
    assert len(long) == len("Cursor limits the rate of this account: ") + SAID_LENGTH_MAX
    assert long.endswith("x…")


def test_a_title_that_repeats_the_detail_is_said_once() -> None:
    """And an end of sentence is not doubled."""
    assert read(failure_of(value_of(7, "Slow", "Slow"))).message.endswith(": Slow")
    assert read(failure_of(value_of(7, "Slow.", "Down."))).message.endswith(": Slow. Down.")
    assert read(failure_of(value_of(7))).message == "Cursor limits the rate of this account."


def test_secrets_are_never_repeated() -> None:
    """Not this request's, not one of another's, not a device's ids; not in any place."""
    checksum = "3N3fyLW6" + "ab" * 32 + "/" + "cd" * 32
    other = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.sig"
    for text in (SECRET, f"token {SECRET} is bad", other, checksum, f"x={checksum};{other}"):
        for failure in (
            failure_of(value_of(12, text)),
            failure_of(value_of(12, "t", text)),
            failure_of(b"", {"error": 12, "details": {"title": text}}),
            ConnectFailure("unauthenticated", text),
            ConnectFailure(text, text),
        ):
            fault = read(failure)
            shown = f"{fault.message} {fault.upstream_code} {fault!r} {fault}"
            for part in (SECRET, SECRET.split(".")[1], other, "ab" * 32, "cd" * 32):
                assert part not in shown
    opaque = fault_context(Secret("plain-opaque-secret-1"), CONTEXT.now)
    fault = fault_of_failure(ConnectFailure("unknown", "plain-opaque-secret-1?"), opaque)
    assert fault.message == "Cursor failed: plai…et-1?"


def test_the_secrets_of_others_are_masked_too() -> None:
    """An upstream may repeat another credential's token, or a key; this gateway knows them."""
    redactor = Redactor(["other-opaque-secret-2", "a-key-of-callers"])
    context = fault_context(Secret("opaque-1"), CONTEXT.now, redactor.redact_text)
    said = "no other-opaque-secret-2, a-key-of-callers or opaque-1 here"
    fault = fault_of_failure(ConnectFailure("unknown", said), context)
    assert fault.message == "Cursor failed: no [redacted], [redacted] or … here"


def test_of_a_long_text_the_beginning_is_looked_at() -> None:
    """And half a secret at its cut is not shown, however little is left in front of it."""
    redactor = Redactor(["s" * 8_000])
    context = fault_context(Secret("opaque-1"), CONTEXT.now, redactor.redact_text)
    said = " ".join(["s" * 8_000] * 1_000)
    fault = fault_of_failure(ConnectFailure("unknown", said), context)
    assert fault.message == "Cursor failed: [redacted] [redacted]"


@pytest.mark.parametrize(
    ("body", "headers", "note"),
    [
        (
            b"<html>secret page</html>",
            {"content-type": "text/html; charset=x"},
            "a body of type text/html",
        ),
        (b"", {}, "an empty body"),
        (b"?", {}, "a body of type unknown"),
        (b"?", {"content-type": "t\x1bx\u202e"}, "a body of type unknown"),
        (b'{"no": "code"}', JSON, "a body of type application/json"),
        (b"[]", JSON, "a body of type application/json"),
        (b"{", JSON, "a body of type application/json"),
    ],
)
def test_a_foreign_body_is_named_and_never_shown(
    body: bytes, headers: dict[str, str], note: str
) -> None:
    """Error pages of proxies and balancers tell people nothing, and may tell too much."""
    fault = answer(502, body, headers)
    assert fault.kind is FaultKind.UPSTREAM_ERROR
    assert fault.message == f"Cursor failed: HTTP 502 with {note}"
    assert fault.upstream_code == "http_502"


@pytest.mark.parametrize("status", [400, 401, 403, 405, 410, 415, 426, 429, 464, 500, 502, 503])
def test_plain_statuses_follow_the_http_table(status: int) -> None:
    """Without a Connect error in the body the status is all there is."""
    assert answer(status, b"<html>").kind is kind_of_status(status)


def test_where_there_is_nothing_the_call_is_not_served() -> None:
    """A plain 404 is Connect's `unimplemented`: the operator can change version and address."""
    fault = answer(404, b"<html>")
    assert fault.kind is FaultKind.CLIENT_OUTDATED
    assert "CURSOR_BASE_URL" in fault.message


def test_retry_after_is_honoured() -> None:
    """Seconds or a date, on Connect errors and on plain ones."""
    date = "Tue, 14 Nov 2023 22:14:20 GMT"
    body = encode_error_json(failure_of(value_of(50)))
    assert answer(429, body, {**JSON, "retry-after": "17"}).retry_after_s == 17
    assert answer(429, body, {**JSON, "retry-after": date}).retry_after_s == 60
    assert answer(503, b"", {"retry-after": "5"}).retry_after_s == 5
    assert answer(429, body).retry_after_s is None
    assert answer(429, body, {**JSON, "retry-after": "later"}).retry_after_s is None
    assert read(failure_of(value_of(50)), retry_after="3").retry_after_s == 3
