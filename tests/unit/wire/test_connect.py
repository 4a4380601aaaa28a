"""What a call says of how it went: the end-of-stream's JSON, error bodies, codes and statuses."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from connectrpc._protocol import ConnectWireError, _http_status_code_to_error
from connectrpc.code import Code

from cursor_api.wire import connect, envelope
from cursor_api.wire.connect import (
    CODE_TO_HTTP,
    HTTP_TO_CODE,
    JSON_BYTES_MAX,
    ConnectError,
    ConnectFailure,
    EndStream,
    EnvelopeDecoder,
    ErrorDetail,
    Reason,
    encode_end_stream,
    encode_envelope,
    encode_error_json,
    failure_json,
    parse_end_stream,
    parse_error_json,
)
from cursor_api.wire.protobuf import as_bytes, iter_fields
from tests.vectors.load import load

STREAMCHAT = load("streamchat")
RATE_LIMITED = ConnectFailure(
    "resource_exhausted",
    "Error",
    (ErrorDetail("aiserver.v1.ErrorDetails", b"\x082", {"error": "ERROR_RATE_LIMITED"}),),
)


def test_a_good_end() -> None:
    """`{}` is a call that went well, with or without trailing metadata."""
    assert encode_end_stream() == bytes.fromhex("02000000027b7d")
    assert encode_end_stream(None, {"a": ["1"]})[5:] == b'{"metadata":{"a":["1"]}}'
    assert parse_end_stream(b"{}") == EndStream(None, {})
    assert parse_end_stream(b' {"error": null, "metadata": null, "new": 1} ') == EndStream()
    assert parse_end_stream(b'{"metadata":{"a":["1","2"],"b":[]}}').metadata == {
        "a": ("1", "2"),
        "b": (),
    }


def test_a_real_error_end() -> None:
    """The measured error end-of-stream, header included, and the detail inside it."""
    vector = STREAMCHAT["error_end_stream"]
    data = encode_envelope(vector["json"].encode(), flags=2)
    assert data[:5].hex() == vector["header_hex"]
    end = parse_end_stream(data[5:])
    assert end.error is not None
    assert (end.error.code, end.error.message) == ("resource_exhausted", "Error")
    (detail,) = end.error.details
    assert detail.type == "aiserver.v1.ErrorDetails"
    assert {number: value for number, _, value in iter_fields(detail.value)}[1] == 50
    assert detail.debug == json.loads(vector["json"])["error"]["details"][0]["debug"]


@pytest.mark.parametrize("vector", STREAMCHAT["error_details"], ids=lambda v: v["title"])
def test_error_details(vector: dict[str, Any]) -> None:
    """The base64 of real details is read with and without padding, and written without it."""
    bare = vector["base64"]
    for text in (bare, bare + "=" * (-len(bare) % 4)):
        content = {"error": {"code": "x", "details": [{"type": "t", "value": text}]}}
        end = parse_end_stream(json.dumps(content).encode())
        assert end.error is not None
        detail = end.error.details[0]
        fields = {number: value for number, _, value in iter_fields(detail.value)}
        custom = {number: value for number, _, value in iter_fields(as_bytes(fields[2]))}
        assert fields[1] == vector["number"]
        assert fields[3] == vector["is_expected"]
        assert custom == {1: vector["title"].encode(), 2: vector["detail"].encode()}
        written = failure_json(end.error)["details"]
        assert written == [{"type": "t", "value": bare}]


def test_the_bridge() -> None:
    """The end-of-stream and the error body recorded from the SDK bridge."""
    end = parse_end_stream(STREAMCHAT["bridge_end_stream"]["json"].encode())
    assert end.error == ConnectFailure("not_found", "Unknown agent: nope")
    vector = STREAMCHAT["bridge_error_body"]
    failure = parse_error_json(vector["json"].encode())
    assert failure is not None
    assert (failure.code, failure.message) == ("internal", "Network request failed")
    (field,) = iter_fields(failure.details[0].value)
    assert field == (vector["detail_field"], 2, vector["detail_text"].encode())


@pytest.mark.parametrize("is_compressed", [False, True])
def test_there_and_back(*, is_compressed: bool) -> None:
    """A failure and metadata survive the envelope, plain and compressed."""
    data = encode_end_stream(
        failure_json(RATE_LIMITED), {"k": ["v", "w"]}, is_compressed=is_compressed
    )
    assert data[0] == (3 if is_compressed else 2)
    reader = EnvelopeDecoder(1 << 20, 1 << 20)
    (frame,) = reader.feed(data)
    reader.close()
    assert parse_end_stream(frame.payload) == EndStream(RATE_LIMITED, {"k": ("v", "w")})
    assert parse_error_json(encode_error_json(RATE_LIMITED)) == RATE_LIMITED


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"null",
        b"[]",
        b'"error"',
        b"0",
        b"{",
        b"{}x",
        b"{'error': null}",
        b'{"error": "failed"}',
        b'{"error": []}',
        b'{"error": false}',
        b'{"error": 0}',
        b"\xff\xfe{\0}\0",
        b'{"\xff": 1}',
        b'{"metadata": NaN}',
        b"\0" * 40,
        b"[" * 60_000,
        b'{"error":' * 7_000,
        '{"é": 1}'.encode("latin-1"),
    ],
)
def test_what_is_no_end_of_stream(payload: bytes) -> None:
    """Anything but an object whose error is an object: a failed call never looks like a good one.

    Depth is bounded too: it is an error, not a crash.
    """
    with pytest.raises(ConnectError) as caught:
        parse_end_stream(payload)
    assert caught.value.reason is Reason.BAD_END_STREAM


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        ({}, ConnectFailure("unknown", "")),
        ({"code": 13, "message": ["no"]}, ConnectFailure("unknown", "")),
        ({"code": "brand_new", "message": "m"}, ConnectFailure("brand_new", "m")),
        ({"code": "internal", "details": {"type": "t"}}, ConnectFailure("internal", "")),
        (
            {
                "code": "internal",
                "details": [
                    None,
                    "text",
                    {},
                    {"type": 1},
                    {"type": "bare"},
                    {"type": "bad", "value": "a"},
                    {"type": "worse", "value": "é===", "debug": {"d": 1}},
                    {"type": "stars", "value": "A**Q"},
                    {"type": "number", "value": 7},
                    {"type": "good", "value": "AQ", "debug": False},
                ],
            },
            ConnectFailure(
                "internal",
                "",
                (
                    ErrorDetail("bare", b""),
                    ErrorDetail("bad", b""),
                    ErrorDetail("worse", b"", {"d": 1}),
                    ErrorDetail("stars", b""),
                    ErrorDetail("number", b""),
                    ErrorDetail("good", b"\x01", debug=False),
                ),
            ),
        ),
    ],
)
def test_an_odd_error_is_still_an_error(error: object, failure: ConnectFailure) -> None:
    """What only adorns an error may be malformed; that the call failed is never lost."""
    payload = json.dumps({"error": error, "metadata": {"a": "no list", "b": [1, "x"]}}).encode()
    assert parse_end_stream(payload) == EndStream(failure, {"b": ("x",)})


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>502 Bad Gateway</html>", b"{}", b'{"code": 7}', b'["code"]', b"[" * 60_000],
)
def test_a_body_that_is_not_connects(body: bytes) -> None:
    """A proxy's page or another JSON is no Connect failure."""
    assert parse_error_json(body) is None


def test_half_a_character_hides_no_failure() -> None:
    """It is cut within an emoji, and is still what it is."""
    body = b'{"code": "invalid_argument", "message": "bad \\ud83d"}'
    assert parse_error_json(body) == ConnectFailure("invalid_argument", "bad \ufffd", ())


def test_json_is_bounded_before_it_is_read() -> None:
    """At the limit it is read; one byte more is refused, whatever the objects would weigh."""
    empty = b'{"error":{"code":"internal"}}'
    fits = empty + b" " * (JSON_BYTES_MAX - len(empty))
    failure = ConnectFailure("internal", "")
    assert parse_end_stream(fits) == EndStream(failure)
    with pytest.raises(ConnectError, match="65537 bytes"):
        parse_end_stream(fits + b" ")
    body = b'{"code":"internal"}'
    assert parse_error_json(body.ljust(JSON_BYTES_MAX)) == failure
    assert parse_error_json(body.ljust(JSON_BYTES_MAX + 1)) is None


def test_base64_is_the_standard_alphabet_without_padding() -> None:
    """Bytes that need both odd characters and padding."""
    value = b"\xfb\xff\xfe\x01"
    content = json.loads(encode_error_json(ConnectFailure("c", "m", (ErrorDetail("t", value),))))
    assert content["details"] == [
        {"type": "t", "value": base64.b64encode(value).decode().rstrip("=")}
    ]
    assert content["details"][0]["value"] == "+//+AQ"


def test_codes_and_statuses_are_the_protocols() -> None:
    """Both tables are, row for row, those of an implementation that is not ours."""
    assert {
        code.value: ConnectWireError(code, "", ()).to_http_status().code for code in Code
    } == CODE_TO_HTTP
    assert {
        status: code.value for status, code in _http_status_code_to_error.items()
    } == HTTP_TO_CODE
    assert len(CODE_TO_HTTP) == 16


def test_the_names_of_the_envelope_are_here_too() -> None:
    """Callers need one module for the protocol."""
    for name in ("ConnectError", "EnvelopeDecoder", "Frame", "Reason", "encode_envelope"):
        assert getattr(connect, name) is getattr(envelope, name)
    assert set(connect.__all__) <= set(dir(connect))
