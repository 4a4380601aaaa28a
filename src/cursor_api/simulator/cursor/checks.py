"""What the real server would not take, checked before a word is answered. Pure.

The order is that of a connect-node server with the application behind it: route, method and
content type as plain HTTP; then the protocol's headers and the application's as errors inside the
stream, with HTTP 200. Each refusal names what was wrong.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from http import HTTPStatus

from cursor_api.simulator.cursor.messages import ChatAsk, bad_request, decode_ask
from cursor_api.simulator.cursor.options import Gate
from cursor_api.simulator.cursor.refusals import (
    AUTH_TOKEN_EXPIRED,
    BAD_MODEL_NAME,
    NOT_LOGGED_IN,
    UNAUTHORIZED,
    Refusal,
)
from cursor_api.simulator.plain import plain_answer
from cursor_api.simulator.request import RawRequest
from cursor_api.simulator.steps import Step
from cursor_api.wire.checksum import ChecksumError, parse_checksum
from cursor_api.wire.connect import ConnectError, EnvelopeDecoder, Reason

PATH = "/aiserver.v1.AiService/StreamChat"
CONTENT_TYPE = "application/connect+proto"
JWT_PART_COUNT = 3

_VERSION = re.compile(r"\d{1,6}(?:\.\d{1,6}){0,3}")
_TIMEOUT = re.compile(r"\d{1,10}")
_ZONE = re.compile(r"[A-Za-z0-9_+-]+(?:/[A-Za-z0-9_+-]+)*")


def check_route(request: RawRequest) -> tuple[Step, ...] | None:
    """The plain answer to what is not a StreamChat call at all; None when it is one."""
    headers = request.headers
    if request.path != PATH:
        return plain_answer(HTTPStatus.NOT_FOUND)
    if request.method != "POST":
        return plain_answer(HTTPStatus.METHOD_NOT_ALLOWED, b"", ("allow", "POST"))
    is_encoded = headers.get("content-encoding", "identity").lower() != "identity"
    if headers.get("content-type", "").lower() != CONTENT_TYPE or is_encoded:
        accepted = ("accept-post", CONTENT_TYPE)
        return plain_answer(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, b"", accepted)
    return None


def check_headers(request: RawRequest, gate: Gate, now_s: float) -> None:
    """Raise Refusal for the first header that is missing or wrong."""
    _check_protocol(request.headers)
    _check_authorization(request, gate, now_s)
    _check_client_version(request.headers, gate)
    _check_checksum(request.headers, gate, now_s)
    zone = request.headers.get("x-cursor-timezone", "UTC")
    if not _ZONE.fullmatch(zone):
        raise bad_request(f"x-cursor-timezone is not an IANA name: {zone!r:.80}")
    ghost = request.headers.get("x-ghost-mode", "true")
    if ghost not in {"true", "false"}:
        raise bad_request(f"x-ghost-mode is neither true nor false: {ghost!r:.80}")


def decode_body(request: RawRequest, bytes_max: int) -> ChatAsk:
    """The one message of the body; raises Refusal."""
    if request.is_oversized:
        raise Refusal("resource_exhausted", f"the request is larger than {bytes_max} bytes")
    accepts_gzip = request.headers.get("connect-content-encoding") == "gzip"
    decoder = EnvelopeDecoder(
        bytes_max, bytes_max, accepts_gzip=accepts_gzip, expects_end_stream=False
    )
    try:
        frames = decoder.feed(request.body)
        decoder.close()
    except ConnectError as error:
        is_large = error.reason is Reason.OVERSIZED
        code = "resource_exhausted" if is_large else "invalid_argument"
        raise Refusal(code, f"protocol error: {error.message}") from error
    if len(frames) != 1:
        what = "received extra" if frames else "missing"
        message = f"protocol error: {what} input message for server-streaming method"
        raise Refusal("invalid_argument", message)
    return decode_ask(frames[0].payload)


def check_model(ask: ChatAsk, gate: Gate) -> None:
    """Raise Refusal for a model that is not served."""
    if gate.models and ask.model not in gate.models:
        raise Refusal.numbered(BAD_MODEL_NAME, f"The model {ask.model!r:.80} is not known.")


def _check_protocol(headers: Mapping[str, str]) -> None:
    version = headers.get("connect-protocol-version")
    if version is None:
        message = 'missing required header: set connect-protocol-version to "1"'
        raise Refusal("invalid_argument", message)
    if version != "1":
        message = f'connect-protocol-version must be "1": got "{version:.80}"'
        raise Refusal("invalid_argument", message)
    encoding = headers.get("connect-content-encoding", "identity")
    if encoding not in {"identity", "gzip"}:
        message = f'unknown compression "{encoding:.80}": supported encodings are gzip'
        raise Refusal("unimplemented", message)
    timeout = headers.get("connect-timeout-ms")
    if timeout is not None and (not _TIMEOUT.fullmatch(timeout) or not int(timeout)):
        message = f"protocol error: invalid connect-timeout-ms value: {timeout:.80}"
        raise Refusal("invalid_argument", message)


def _check_authorization(request: RawRequest, gate: Gate, now_s: float) -> None:
    token = request.credential
    if "authorization" not in request.headers:
        raise Refusal.numbered(NOT_LOGGED_IN, "the header authorization is missing")
    if not token:
        raise Refusal.numbered(UNAUTHORIZED, "authorization is not `Bearer <token>`")
    if "::" in token or "%3a%3a" in token.lower():
        detail = "authorization holds the whole cookie; only the part after :: is the token"
        raise Refusal.numbered(UNAUTHORIZED, detail)
    if not token.isascii() or not token.isprintable() or set(token) & {" ", ",", '"'}:
        raise Refusal.numbered(UNAUTHORIZED, "authorization holds characters no token has")
    if gate.strict_jwt:
        _check_jwt(token, now_s)


def _check_jwt(token: str, now_s: float) -> None:
    parts = token.split(".")
    if len(parts) != JWT_PART_COUNT or not all(parts):
        detail = f"the token has {len(parts)} parts between dots, a JWT has {JWT_PART_COUNT}"
        raise Refusal.numbered(UNAUTHORIZED, detail)
    try:
        header, claims = (_decode_jwt_part(part) for part in parts[:2])
    except ValueError as error:
        raise Refusal.numbered(UNAUTHORIZED, "the token's parts are not JSON") from error
    if "alg" not in header:
        raise Refusal.numbered(UNAUTHORIZED, "the token's header names no alg")
    expires_at = claims.get("exp")
    if not isinstance(expires_at, int):
        raise Refusal.numbered(UNAUTHORIZED, "the token has no exp")
    if expires_at <= now_s:
        raise Refusal.numbered(AUTH_TOKEN_EXPIRED, "the token's exp has passed")


def _decode_jwt_part(part: str) -> dict[str, object]:
    """Raises ValueError where it is not base64url of a JSON object."""
    try:
        content = base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("not base64url") from error
    value = json.loads(content)
    if not isinstance(value, dict):
        raise ValueError("not an object")  # noqa: TRY004 - one kind of error for the caller
    return value


def _check_client_version(headers: Mapping[str, str], gate: Gate) -> None:
    version = headers.get("x-cursor-client-version")
    if version is None:
        raise bad_request("the header x-cursor-client-version is missing")
    if not _VERSION.fullmatch(version):
        raise bad_request(f"x-cursor-client-version is not a version: {version!r:.80}")
    if _version_parts(version) < _version_parts(gate.client_version_min):
        detail = f"x-cursor-client-version is {version}; {gate.client_version_min} is required"
        raise Refusal.numbered(gate.outdated_number, detail)


def _version_parts(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _check_checksum(headers: Mapping[str, str], gate: Gate, now_s: float) -> None:
    text = headers.get("x-cursor-checksum")
    if text is None:
        raise Refusal.numbered(UNAUTHORIZED, "the header x-cursor-checksum is missing")
    try:
        checksum = parse_checksum(text)
    except ChecksumError as error:
        raise Refusal.numbered(UNAUTHORIZED, f"x-cursor-checksum: {error}") from error
    age = checksum.age_steps(now_s)
    if gate.checksum_steps_max is not None and abs(age) > gate.checksum_steps_max:
        detail = (
            f"x-cursor-checksum: its time is {age} steps old, {gate.checksum_steps_max} at most"
        )
        raise Refusal.numbered(UNAUTHORIZED, detail)
