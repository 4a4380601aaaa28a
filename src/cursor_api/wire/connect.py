"""The Connect protocol: envelopes, and the JSON in which a call says how it went.

An answer is a row of envelopes (`envelope.py`, whose names are this module's too), the last of
which is the end-of-stream with JSON in it; an answer that never became a stream has the same JSON
as its body (connectrpc.com/docs/protocol).
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from msgspec import Struct, field

from cursor_api.wire.envelope import (
    FLAG_COMPRESSED,
    FLAG_END_STREAM,
    ConnectError,
    EnvelopeDecoder,
    Frame,
    Reason,
    encode_envelope,
    encode_gzip_envelope,
    envelope_head,
)
from cursor_api.wire.surrogates import decode_piece

__all__ = [
    "CODE_TO_HTTP",
    "CODE_UNKNOWN",
    "FLAG_COMPRESSED",
    "FLAG_END_STREAM",
    "HTTP_TO_CODE",
    "JSON_BYTES_MAX",
    "ConnectError",
    "ConnectFailure",
    "EndStream",
    "EnvelopeDecoder",
    "ErrorDetail",
    "Frame",
    "Reason",
    "encode_end_stream",
    "encode_envelope",
    "encode_error_json",
    "encode_gzip_envelope",
    "envelope_head",
    "failure_json",
    "parse_end_stream",
    "parse_error_json",
]

# Real ones have a few hundred bytes, and no server sends more metadata than this. As Python objects
# JSON can take twenty times its bytes, so the limit of a frame is no limit for it.
JSON_BYTES_MAX: Final = 64 << 10

# The protocol's own table (connectrpc.com/docs/protocol, "Error Codes"), both ways: the status a
# code is answered with, and the code to assume where an answer that is not Connect's has a status.
CODE_TO_HTTP: Final[dict[str, int]] = {
    "canceled": 499,
    "unknown": 500,
    "invalid_argument": 400,
    "deadline_exceeded": 504,
    "not_found": 404,
    "already_exists": 409,
    "permission_denied": 403,
    "resource_exhausted": 429,
    "failed_precondition": 400,
    "aborted": 409,
    "out_of_range": 400,
    "unimplemented": 501,
    "internal": 500,
    "unavailable": 503,
    "data_loss": 500,
    "unauthenticated": 401,
}
CODE_UNKNOWN: Final = "unknown"
HTTP_TO_CODE: Final[dict[int, str]] = {
    400: "internal",
    401: "unauthenticated",
    403: "permission_denied",
    404: "unimplemented",
    429: "unavailable",
    502: "unavailable",
    503: "unavailable",
    504: "unavailable",
}


class ErrorDetail(Struct, frozen=True):
    """One detail of a failure: a protobuf message as bytes, and the name of its type.

    `debug` is what the sender shows of it as JSON, None where it shows nothing. `value` is empty
    where it could not be read.
    """

    type: str
    value: bytes
    debug: object = None


class ConnectFailure(Struct, frozen=True):
    """An error as Connect states it. `code` is as sent, and may be one CODE_TO_HTTP lacks."""

    code: str
    message: str
    details: tuple[ErrorDetail, ...] = ()


class EndStream(Struct, frozen=True):
    """What an end-of-stream says: how the call went, and trailing metadata."""

    error: ConnectFailure | None = None
    metadata: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def parse_end_stream(payload: bytes) -> EndStream:
    """The payload of an end-of-stream frame; raises ConnectError BAD_END_STREAM.

    Strict where a mistake could turn a failed call into a good one, lenient about what only
    adorns an error. More than JSON_BYTES_MAX bytes are refused unread.
    """
    content = _decode_json(payload)
    if not isinstance(content, dict):
        raise ConnectError(
            Reason.BAD_END_STREAM,
            f"the end-of-stream ({len(payload)} bytes) is not a JSON object of a sane size",
        )
    error = content.get("error")
    if error is not None and not isinstance(error, dict):
        raise ConnectError(Reason.BAD_END_STREAM, "the end-of-stream's error is not an object")
    failure = None if error is None else _read_failure(error)
    return EndStream(failure, _read_metadata(content.get("metadata")))


def parse_error_json(payload: bytes) -> ConnectFailure | None:
    """The body of an answer whose HTTP status is not 200; None if it is not Connect's JSON.

    A body of more than JSON_BYTES_MAX bytes is not.
    """
    content = _decode_json(payload)
    if not isinstance(content, dict) or not isinstance(content.get("code"), str):
        return None
    return _read_failure(content)


def encode_end_stream(
    error: Mapping[str, object] | None = None,
    metadata: Mapping[str, Sequence[str]] | None = None,
    *,
    is_compressed: bool = False,
) -> bytes:
    """The last envelope of an answer. `error` is the JSON object itself; see failure_json."""
    content: dict[str, object] = {}
    if error is not None:
        content["error"] = error
    if metadata:
        content["metadata"] = metadata
    encode = encode_gzip_envelope if is_compressed else encode_envelope
    return encode(msgspec.json.encode(content), flags=FLAG_END_STREAM)


def failure_json(failure: ConnectFailure) -> dict[str, object]:
    """A failure as the JSON object that an end-of-stream or an error body holds."""
    content: dict[str, object] = {"code": failure.code, "message": failure.message}
    if failure.details:
        content["details"] = [_detail_json(detail) for detail in failure.details]
    return content


def encode_error_json(failure: ConnectFailure) -> bytes:
    """A failure as the body of an answer whose HTTP status is not 200."""
    return msgspec.json.encode(failure_json(failure))


def _detail_json(detail: ErrorDetail) -> dict[str, object]:
    # The protocol asks for base64 without padding.
    value = base64.b64encode(detail.value).rstrip(b"=").decode("ascii")
    content: dict[str, object] = {"type": detail.type, "value": value}
    if detail.debug is not None:
        content["debug"] = detail.debug
    return content


def _decode_json(payload: bytes) -> object:
    """Any JSON value, or None for what is too long or no JSON: a bare null means nothing here."""
    if len(payload) > JSON_BYTES_MAX:
        return None
    try:
        return decode_piece(payload)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None


def _read_failure(content: dict[str, object]) -> ConnectFailure:
    code, message, details = (content.get(name) for name in ("code", "message", "details"))
    return ConnectFailure(
        code if isinstance(code, str) else CODE_UNKNOWN,
        message if isinstance(message, str) else "",
        tuple(_read_details(details)) if isinstance(details, list) else (),
    )


def _read_details(details: list[object]) -> list[ErrorDetail]:
    return [
        ErrorDetail(name, _read_base64(detail.get("value")), detail.get("debug"))
        for detail in details
        if isinstance(detail, dict) and isinstance(name := detail.get("type"), str)
    ]


def _read_base64(text: object) -> bytes:
    if not isinstance(text, str):
        return b""
    # The protocol leaves the padding out; some senders put it in.
    bare = text.rstrip("=")
    try:
        return base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except ValueError:
        return b""


def _read_metadata(metadata: object) -> dict[str, tuple[str, ...]]:
    if not isinstance(metadata, dict):
        return {}
    return {
        name: tuple(value for value in values if isinstance(value, str))
        for name, values in metadata.items()
        if isinstance(values, list)
    }
