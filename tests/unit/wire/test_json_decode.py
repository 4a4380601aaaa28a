"""Any JSON body into its type; a chat request's many cases are the dialect's tests."""

from __future__ import annotations

import msgspec
import pytest

from cursor_api.domain.errors import Fault
from cursor_api.wire.json_bounds import JsonLimits
from cursor_api.wire.json_decode import UNKNOWN_LENGTH_MAX, decode_json
from tests.steps import finish


def test_the_decoder_s_own_words_are_those_that_the_patterns_match() -> None:
    """A new msgspec with other words would cost callers the field's name."""
    with pytest.raises(msgspec.ValidationError, match=r"^Expected `int`, got `str`$"):
        msgspec.json.decode(b'"x"', type=int)
    with pytest.raises(msgspec.DecodeError, match=r"^JSON is malformed: .* \(byte 0\)$"):
        msgspec.json.decode(b"x", type=int)


class Strict(msgspec.Struct, forbid_unknown_fields=True):
    """A body that takes nothing that it does not know."""

    count: int = 0
    inner: Strict | None = None


STRICT = msgspec.json.Decoder(Strict)


def decode_strict(body: bytes) -> Strict:
    """Such a body decoded."""
    return finish(decode_json(STRICT, body, JsonLimits()))


def test_a_byte_order_mark_is_passed_over() -> None:
    """Once, and only in front."""
    assert decode_strict(b'\xef\xbb\xbf{"count":1}') == Strict(1)
    with pytest.raises(Fault):
        decode_strict(b'\xef\xbb\xbf\xef\xbb\xbf{"count":1}')


def test_what_does_not_fit_is_refused_with_its_code() -> None:
    """A wrong type and malformed JSON are two things."""
    assert decode_strict(b'{"count":1}') == Strict(1)
    for body, code in ((b'{"count":"x"}', "invalid_type"), (b"{", "invalid_json")):
        with pytest.raises(Fault) as caught:
            decode_strict(body)
        assert caught.value.code == code


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (b'{"cuont":1}', "cuont"),
        (b'{"inner":{"x":1}}', "inner.x"),
        (b'{"a`b - at `$":1}', "a`b - at `$"),
        (b'{"' + b"x" * 1000 + b'":1}', "x" * UNKNOWN_LENGTH_MAX),
    ],
)
def test_a_field_that_is_not_known_is_named(body: bytes, param: str) -> None:
    """A misspelt name would otherwise change nothing in silence."""
    with pytest.raises(Fault) as caught:
        decode_strict(body)
    assert (caught.value.code, caught.value.param) == ("unknown_parameter", param)
    assert caught.value.message == f"Unknown parameter: '{param}'."
