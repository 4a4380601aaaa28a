from __future__ import annotations

import base64
import gzip
import json
import os

import pytest

from cursor_api.simulator.cursor.checks import check_headers, check_model, check_route, decode_body
from cursor_api.simulator.cursor.messages import ChatAsk
from cursor_api.simulator.cursor.options import Gate
from cursor_api.simulator.cursor.refusals import (
    AUTH_TOKEN_EXPIRED,
    BAD_MODEL_NAME,
    BAD_REQUEST,
    NOT_LOGGED_IN,
    OUTDATED_CLIENT,
    UNAUTHORIZED,
    UPDATE_REQUIRED,
    Refusal,
)
from cursor_api.simulator.request import RawRequest
from cursor_api.simulator.steps import Head
from cursor_api.wire.checksum import Variant, new_checksum
from cursor_api.wire.connect import encode_envelope
from tests.unit.simulator.asking import NOW_S, REQUEST_VECTOR, raw_request

LIMIT = 1 << 20
STEP_S = 1000


@pytest.mark.parametrize(
    ("request_", "status", "header"),
    [
        (raw_request(target="/aiserver.v1.AiService/StreamChats"), 404, None),
        (raw_request(target="/aiserver.v1.AiService/StreamChat/"), 404, None),
        (raw_request(target="/x/aiserver.v1.AiService/StreamChat"), 404, None),
        (raw_request(target="//aiserver.v1.AiService/StreamChat"), 404, None),
        (raw_request(method="GET"), 405, ("allow", "POST")),
        (raw_request(method="post"), 405, ("allow", "POST")),
        *(
            (raw_request(changes={"content-type": kind}), 415, ("accept-post", None))
            for kind in ("application/proto", "application/json", "application/connect+json", None)
        ),
        (raw_request(changes={"content-encoding": "gzip"}), 415, ("accept-post", None)),
    ],
)
def test_what_is_no_call_is_answered_plainly(
    request_: RawRequest, status: int, header: tuple[str, str | None] | None
) -> None:
    """404, 405 with Allow, 415 with Accept-Post."""
    answer = check_route(request_)
    assert answer is not None
    head = answer[0]
    assert isinstance(head, Head)
    assert head.status == status
    if header:
        name, value = header
        assert dict(head.headers)[name] == (value or "application/connect+proto")


@pytest.mark.parametrize("target", ["", "?x=1"])
def test_a_call_is_let_through(target: str) -> None:
    """A query does not matter, nor does the content type's case."""
    request = raw_request(
        target="/aiserver.v1.AiService/StreamChat" + target,
        changes={"content-type": "Application/Connect+Proto"},
    )
    assert check_route(request) is None


REFUSED: list[tuple[dict[str, str | None], int | str, str]] = [
    ({"connect-protocol-version": None}, "invalid_argument", "missing required header"),
    ({"connect-protocol-version": "2"}, "invalid_argument", 'must be "1": got "2"'),
    ({"connect-content-encoding": "br"}, "unimplemented", 'unknown compression "br"'),
    ({"connect-timeout-ms": "0"}, "invalid_argument", "connect-timeout-ms"),
    ({"connect-timeout-ms": "12345678901"}, "invalid_argument", "connect-timeout-ms"),
    ({"connect-timeout-ms": "-1"}, "invalid_argument", "connect-timeout-ms"),
    ({"authorization": None}, NOT_LOGGED_IN, "authorization is missing"),
    ({"authorization": "Bearer "}, UNAUTHORIZED, "Bearer <token>"),
    ({"authorization": "Basic abc"}, UNAUTHORIZED, "Bearer <token>"),
    ({"authorization": "Bearer user_1::abc"}, UNAUTHORIZED, "only the part after ::"),
    ({"authorization": "Bearer user_1%3A%3Aabc"}, UNAUTHORIZED, "only the part after ::"),
    ({"authorization": "Bearer a, Bearer b"}, UNAUTHORIZED, "characters no token has"),
    ({"x-cursor-client-version": None}, BAD_REQUEST, "x-cursor-client-version is missing"),
    ({"x-cursor-client-version": "new"}, BAD_REQUEST, "not a version: 'new'"),
    ({"x-cursor-client-version": "0.9.9"}, UPDATE_REQUIRED, "is 0.9.9; 0.42.0 is required"),
    ({"x-cursor-checksum": None}, UNAUTHORIZED, "x-cursor-checksum is missing"),
    ({"x-cursor-checksum": "paaotdDV"}, UNAUTHORIZED, "x-cursor-checksum: "),
    ({"x-cursor-checksum": "AAAAAAAA" + "0" * 64}, UNAUTHORIZED, "stand for no time"),
    ({"x-cursor-timezone": "Not a zone"}, BAD_REQUEST, "x-cursor-timezone"),
    ({"x-ghost-mode": "yes"}, BAD_REQUEST, "x-ghost-mode"),
]


@pytest.mark.parametrize(("changes", "expected", "named"), REFUSED)
def test_wrong_headers_are_refused_by_name(
    changes: dict[str, str | None], expected: int | str, named: str
) -> None:
    """With the number, or the library's code, that fits."""
    with pytest.raises(Refusal) as raised:
        check_headers(raw_request(changes=changes), Gate(), NOW_S)
    assert named in raised.value.message
    assert expected in {raised.value.number, raised.value.code}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"connect-timeout-ms": "5000"},
        {"connect-content-encoding": "gzip"},
        {"connect-content-encoding": "identity"},
        {"x-cursor-client-version": "0.42.0"},
        {"x-cursor-client-version": "1.0"},
        {"x-cursor-timezone": "America/Argentina/Buenos_Aires"},
        {"x-cursor-timezone": "Etc/GMT+5"},
        {"x-ghost-mode": "false"},
        {"authorization": "bearer any.opaque-string_that+is/not=empty"},
    ],
)
def test_good_headers_pass(changes: dict[str, str | None]) -> None:
    """Versions compare by number; any opaque token will do."""
    check_headers(raw_request(changes=changes), Gate(), NOW_S)


@pytest.mark.parametrize("variant", Variant)
@pytest.mark.parametrize(
    ("steps", "is_good"), [(0, True), (3, True), (-3, True), (4, False), (-4, False)]
)
def test_the_checksums_time_may_be_a_little_off(
    variant: Variant, steps: int, *, is_good: bool
) -> None:
    """Both variants, three steps either way; a gate without a bound takes any."""
    checksum = new_checksum(os.urandom, NOW_S - steps * STEP_S, variant=variant)
    for text in (checksum, checksum.partition("/")[0]):
        request = raw_request(changes={"x-cursor-checksum": text})
        check_headers(request, Gate(checksum_steps_max=None), NOW_S)
        if is_good:
            check_headers(request, Gate(), NOW_S)
        else:
            with pytest.raises(Refusal, match=f"{steps} steps old"):
                check_headers(request, Gate(), NOW_S)


def test_the_outdated_number_is_configurable() -> None:
    """30 by name where a test wants it."""
    gate = Gate(client_version_min="2", outdated_number=OUTDATED_CLIENT)
    with pytest.raises(Refusal) as raised:
        check_headers(raw_request(), gate, NOW_S)
    assert raised.value.number == OUTDATED_CLIENT


def jwt(claims: object, header: object = None) -> str:
    """A token of three parts; nobody checks the signature."""
    parts = (json.dumps(part).encode() for part in (header or {"alg": "HS256"}, claims))
    return ".".join(
        [*(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts), "s"]
    )


@pytest.mark.parametrize(
    ("token", "number", "named"),
    [
        ("opaque", UNAUTHORIZED, "1 parts"),
        ("a.b", UNAUTHORIZED, "2 parts"),
        ("a..b", UNAUTHORIZED, "3 parts"),
        ("a.b.c", UNAUTHORIZED, "not JSON"),
        ("!.b.c", UNAUTHORIZED, "not JSON"),
        (jwt([]), UNAUTHORIZED, "not JSON"),
        (jwt({"exp": 9e9}, {"typ": "JWT"}), UNAUTHORIZED, "no alg"),
        (jwt({}), UNAUTHORIZED, "no exp"),
        (jwt({"exp": int(NOW_S) - 1}), AUTH_TOKEN_EXPIRED, "has passed"),
        (jwt({"exp": int(NOW_S) + 60}), None, ""),
    ],
)
def test_a_strict_gate_wants_a_living_jwt(token: str, number: int | None, named: str) -> None:
    """Three parts, JSON inside, an exp to come."""
    request = raw_request(changes={"authorization": f"Bearer {token}"})
    check_headers(request, Gate(), NOW_S)
    strict = Gate(strict_jwt=True)
    if number is None:
        check_headers(request, strict, NOW_S)
        return
    with pytest.raises(Refusal, match=named) as raised:
        check_headers(request, strict, NOW_S)
    assert raised.value.number == number


def test_a_body_may_be_compressed() -> None:
    """Flag 1, where the encoding is announced."""
    body = encode_envelope(gzip.compress(REQUEST_VECTOR[5:]), flags=1)
    request = raw_request(body, changes={"connect-content-encoding": "gzip"})
    assert decode_body(request, LIMIT) == decode_body(raw_request(), LIMIT)


BOMB = encode_envelope(gzip.compress(bytes(2 * LIMIT)), flags=1)

BAD_BODIES: dict[str, tuple[bytes, str]] = {
    "missing input message": (b"", "invalid_argument"),
    "received extra input message": (REQUEST_VECTOR * 2, "invalid_argument"),
    "stopped inside a frame": (REQUEST_VECTOR[:-1], "invalid_argument"),
    "reserved flags": (b"\x04" + REQUEST_VECTOR[1:], "invalid_argument"),
    "end-of-stream": (b"\x02" + REQUEST_VECTOR[1:], "invalid_argument"),
    "announces": (b"\0\xff\xff\xff\xff", "resource_exhausted"),
    "inflates": (BOMB, "resource_exhausted"),
    "is not gzip": (b"\x01" + REQUEST_VECTOR[1:], "invalid_argument"),
}


@pytest.mark.parametrize("named", BAD_BODIES)
def test_bad_framing_is_a_protocol_error(named: str) -> None:
    """One envelope, whole, within the limit, of known flags."""
    body, code = BAD_BODIES[named]
    request = raw_request(body, changes={"connect-content-encoding": "gzip"})
    with pytest.raises(Refusal, match=named) as raised:
        decode_body(request, LIMIT)
    assert (raised.value.code, raised.value.number) == (code, None)


def test_compression_must_be_announced() -> None:
    """Flag 1 without the header is a protocol error."""
    body = encode_envelope(gzip.compress(REQUEST_VECTOR[5:]), flags=1)
    with pytest.raises(Refusal, match="no encoding was named"):
        decode_body(raw_request(body), LIMIT)


def test_an_oversized_body_is_refused() -> None:
    """One that the connection has thrown away."""
    request = RawRequest("POST", "/", {}, b"", is_oversized=True)
    with pytest.raises(Refusal, match="larger than") as raised:
        decode_body(request, LIMIT)
    assert raised.value.code == "resource_exhausted"


def test_only_known_models_are_served() -> None:
    """Unless the gate's list is empty."""
    check_model(ChatAsk(model="gpt-4o"), Gate())
    check_model(ChatAsk(model="gpt-99"), Gate(models=frozenset()))
    with pytest.raises(Refusal, match="gpt-99") as raised:
        check_model(ChatAsk(model="gpt-99"), Gate())
    assert raised.value.number == BAD_MODEL_NAME
