"""The protobuf wire format: fields there and back, and a refusal for everything else."""

from __future__ import annotations

import math
import struct

import pytest

from cursor_api.wire.envelope import encode_envelope
from cursor_api.wire.protobuf import (
    BYTES,
    FIELD_NUMBER_MAX,
    FIXED32,
    FIXED64,
    VARINT,
    ProtobufError,
    as_bytes,
    as_int,
    as_string,
    as_uint,
    encode_varint,
    field_bytes,
    field_double,
    field_fixed64,
    field_head,
    field_string,
    field_varint,
    iter_fields,
    string_bytes,
)
from tests.vectors.load import answer, load

STREAMCHAT = load("streamchat")


def test_the_request_vector() -> None:
    """The measured request of 168 bytes, its fields written by hand in the order of numbers."""
    vector = STREAMCHAT["request"]
    message = (
        field_string(1, vector["text"]) + field_varint(2, 1) + field_string(13, vector["bubble_id"])
    )
    request = (
        field_bytes(2, message)
        + field_bytes(4, field_string(1, vector["instructions"]))
        + field_string(5, vector["project_path"])
        + field_bytes(7, field_string(1, vector["model"]))
        + field_string(9, vector["request_id"])
        + field_string(15, vector["conversation_id"])
    )
    data = encode_envelope(request)
    assert data.hex() == vector["hex"]
    assert len(data) == 168
    fields = {number: value for number, _, value in iter_fields(request)}
    assert sorted(fields) == [2, 4, 5, 7, 9, 15]
    assert as_string(fields[15]) == vector["conversation_id"]
    assert list(iter_fields(as_bytes(fields[2])))[1] == (2, VARINT, 1)


def test_the_texts_of_an_answer() -> None:
    """Field 1 of every text frame, in order, is the answer's text."""
    golden = answer()
    fields = [list(iter_fields(payload)) for payload in golden.payloads[1:-1]]
    assert fields[0] == []  # the empty frame is a message without fields
    assert [as_string(value) for ((_, _, value),) in fields[1:]] == list(golden.texts)
    assert [number for number, _, _ in iter_fields(golden.payloads[0])] == [4, 5]


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        (0, "00"),
        (1, "01"),
        (127, "7f"),
        (128, "8001"),
        (150, "9601"),
        (300, "ac02"),
        (16_383, "ff7f"),
        (16_384, "808001"),
        (2**32 - 1, "ffffffff0f"),
        (2**63, "80808080808080808001"),
        (2**64 - 1, "ffffffffffffffffff01"),
        (-1, "ffffffffffffffffff01"),
        (-(2**63), "80808080808080808001"),
    ],
)
def test_varints(value: int, encoded: str) -> None:
    """Numbers at the borders of a byte and of 64 bits; 150 and 300 are the documentation's own."""
    assert encode_varint(value).hex() == encoded
    ((_, _, read),) = iter_fields(field_varint(1, value))
    assert read == value % 2**64
    assert as_uint(read) == value % 2**64
    if value < 2**63:
        assert as_int(read) == value


@pytest.mark.parametrize("value", [2**64, -(2**63) - 1, 10**100])
def test_numbers_over_64_bits_have_no_form(value: int) -> None:
    """They are refused, not cut off."""
    with pytest.raises(ProtobufError, match="64 bits"):
        encode_varint(value)


@pytest.mark.parametrize("number", [1, 15, 16, 2047, 2048, FIELD_NUMBER_MAX])
def test_field_numbers(number: int) -> None:
    """Tags of one to five bytes."""
    data = field_varint(number, 1) + field_string(number, "é") + field_double(number, 0.5)
    assert list(iter_fields(data)) == [
        (number, VARINT, 1),
        (number, BYTES, "é".encode()),
        (number, FIXED64, bytes.fromhex("000000000000e03f")),
    ]


@pytest.mark.parametrize("number", [0, -1, FIELD_NUMBER_MAX + 1])
def test_field_numbers_out_of_range(number: int) -> None:
    """Numbers that no tag can hold."""
    assert FIELD_NUMBER_MAX == 536_870_911
    with pytest.raises(ProtobufError, match="out of range"):
        field_varint(number, 1)


def test_values_are_read_as_their_type() -> None:
    """Numbers and text; a default is written like any value."""
    data = (
        field_double(1, math.pi)
        + b"\x15\0\0\x80\x3e"
        + field_varint(3, True)
        + field_varint(4, 0)
        + field_string(5, "")
        + field_bytes(6, b"\xff")
    )
    fields = {number: value for number, _, value in iter_fields(data)}
    assert fields[1] == struct.pack("<d", math.pi)
    assert fields[2] == struct.pack("<f", 0.25)
    assert (as_uint(fields[3]), as_int(fields[4])) == (1, 0)
    assert as_string(fields[5]) == ""
    assert as_bytes(fields[6]) == b"\xff"
    assert [kind for _, kind, _ in iter_fields(data)] == [1, FIXED32, 0, 0, 2, 2]


def test_values_of_another_type() -> None:
    """A number where bytes belong and the reverse, text not UTF-8."""
    for read in (as_bytes, as_string):
        with pytest.raises(ProtobufError):
            read(1)
    for number in (as_uint, as_int):
        with pytest.raises(ProtobufError):
            number(b"\x01")
    with pytest.raises(ProtobufError, match="not UTF-8"):
        as_string(b"caf\xe9")
    with pytest.raises(ProtobufError, match="no UTF-8 form"):
        field_string(1, "\ud800")


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ("08", "cut short"),  # no value
        ("0880", "cut short"),
        ("80", "cut short"),  # half a tag
        ("08ffffffffffffffffff02", "64 bits"),
        ("0880808080808080808080 00", "more than 10"),
        ("0a", "cut short"),  # no length
        ("0a05616263", "needs 5 bytes, 3 are left"),
        ("0a0a00000000000000000000 0880", "cut short"),
        ("0aff", "cut short"),
        ("0a808080808000", "more than 5"),  # a length of six bytes
        ("0affffffff0f", "needs 4294967295"),
        ("0900000000000000", "needs 8"),
        ("0d000000", "needs 4"),
        ("0001", "out of range"),  # field 0
        ("808080808000", "more than 5"),  # a tag of six bytes
        ("90808080 1001", "out of range"),  # field 2^29 + 2
        ("0b0c", "wire type 3"),  # a group
        ("0c", "wire type 4"),
        ("0e", "wire type 6"),
        ("0f", "wire type 7"),
    ],
)
def test_what_is_no_message(data: str, problem: str) -> None:
    """Each malformation has its own words; none is skipped over, and none reads past the end."""
    with pytest.raises(ProtobufError, match=problem):
        list(iter_fields(bytes.fromhex(data)))


def test_fields_before_a_fault_are_given_first() -> None:
    """Reading is lazy: a million fields cost no memory, so a caller must wait for the end."""
    fields = iter_fields(field_varint(1, 5) + b"\x0f")
    assert next(fields) == (1, VARINT, 5)
    with pytest.raises(ProtobufError):
        next(fields)


def test_numbers_written_the_long_way_are_read() -> None:
    """The format allows a number in more bytes than it needs."""
    assert list(iter_fields(bytes.fromhex("888000 858000"))) == [(1, VARINT, 5)]
    assert list(iter_fields(bytes.fromhex("0a838000616263"))) == [(1, BYTES, b"abc")]


def test_a_field_may_be_written_in_pieces() -> None:
    """Head and bytes one after the other are the field, however long it is."""
    for text in ("", "é", "a" * 127, "a" * 128, "中" * 100_000):
        content = string_bytes(text)
        assert field_head(3, len(content)) + content == field_string(3, text)


def test_eight_bytes_hold_an_instant_and_nothing_below_zero() -> None:
    """In the order of the wire."""
    assert field_fixed64(7, 1) == b"\x39" + b"\x01" + b"\0" * 7
    assert list(iter_fields(field_fixed64(8, 2**64 - 1))) == [(8, 1, b"\xff" * 8)]
    for value in (-1, 2**64):
        with pytest.raises(ProtobufError):
            field_fixed64(7, value)
