"""The protobuf wire format by hand: fields to bytes and back, with no knowledge of any schema.

The format is small (protobuf.dev/programming-guides/encoding), the messages that are exchanged here
have a dozen fields, and a generated codec would be a dependency with compiled wheels to carry.

Rules of this file:
- Writers write what they are given, zero and empty values too: leaving a proto3 default out is the
  mapping's decision.
- `iter_fields` gives every field in the order of the bytes, known or not. It is lazy, so that a
  message of a million tiny fields costs no memory; a caller keeps nothing until it has ended.
- Groups (wire types 3 and 4) are refused: proto3 has none, and following them needs a stack.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

VARINT: Final = 0
FIXED64: Final = 1
BYTES: Final = 2
FIXED32: Final = 5

FIELD_NUMBER_MAX: Final = (1 << 29) - 1

_UINT64_MAX: Final = (1 << 64) - 1
_INT64_MIN: Final = -(1 << 63)
_SIGN_BIT: Final = 1 << 63
# 7 bits a byte: 64 bits take ten bytes. Tags and lengths are 32-bit numbers, so five, as in
# Google's own parsers.
_VARINT_BYTES_MAX: Final = 10
_TAG_BYTES_MAX: Final = 5
_LENGTH_BYTES_MAX: Final = 5
_MORE: Final = 0x80
# Nearly every tag and length is below 128: looked up, it costs a third of being built.
_ONE_BYTE: Final = tuple(bytes((value,)) for value in range(_MORE))
_DOUBLE: Final = struct.Struct("<d")
_FIXED64: Final = struct.Struct("<Q")


class ProtobufError(ValueError):
    """The bytes are no protobuf message, or the value has no protobuf form."""


def encode_varint(value: int) -> bytes:
    """A whole number from -2^63 to 2^64 - 1; a negative one takes ten bytes, as int64 does."""
    if 0 <= value < _MORE:
        return _ONE_BYTE[value]
    if not _INT64_MIN <= value <= _UINT64_MAX:
        raise ProtobufError(f"{value} does not fit 64 bits")
    value &= _UINT64_MAX
    encoded = bytearray()
    while value >= _MORE:
        encoded.append(value & 0x7F | _MORE)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def field_tag(number: int, wire_type: int) -> bytes:
    """What a field begins with; raises ProtobufError for a number that no field has."""
    if not 0 < number <= FIELD_NUMBER_MAX:
        raise ProtobufError(f"field number {number} is out of range")
    return encode_varint(number << 3 | wire_type)


def field_varint(number: int, value: int) -> bytes:
    """A field of any of the integer types, bool or an enum (not sint32 or sint64)."""
    return field_tag(number, VARINT) + encode_varint(value)


def field_head(number: int, size_bytes: int) -> bytes:
    """What stands in front of a field's bytes; for those that are too many to be copied."""
    return field_tag(number, BYTES) + encode_varint(size_bytes)


def field_bytes(number: int, value: bytes) -> bytes:
    """A field of bytes, or of a message that is already encoded."""
    return field_head(number, len(value)) + value


def field_string(number: int, value: str) -> bytes:
    """A field of text, as UTF-8; raises ProtobufError where it holds a lone surrogate."""
    return field_bytes(number, string_bytes(value))


def string_bytes(value: str) -> bytes:
    """A text as it stands in a field; raises ProtobufError where it holds a lone surrogate."""
    try:
        return value.encode()
    except UnicodeEncodeError as error:
        raise ProtobufError("a text has no UTF-8 form") from error


def field_fixed64(number: int, value: int) -> bytes:
    """A field of eight bytes for an unsigned whole number."""
    try:
        return field_tag(number, FIXED64) + _FIXED64.pack(value)
    except struct.error as error:
        raise ProtobufError(f"{value} does not fit 64 bits") from error


def field_double(number: int, value: float) -> bytes:
    """A field of a 64-bit float."""
    return field_tag(number, FIXED64) + _DOUBLE.pack(value)


def iter_fields(data: bytes) -> Iterator[tuple[int, int, int | bytes]]:
    """Each field as (number, wire type, value); raises ProtobufError where it is malformed.

    The value is an unsigned 64-bit int for VARINT and bytes for the rest: the content for BYTES,
    eight or four little-endian bytes for FIXED64 and FIXED32.
    """
    size_bytes = len(data)
    at = 0
    while at < size_bytes:
        tag = data[at]
        at += 1
        if tag >= _MORE:
            tag, at = _read_varint(data, at - 1, _TAG_BYTES_MAX)
        number, wire_type = tag >> 3, tag & 7
        if not 0 < number <= FIELD_NUMBER_MAX:
            raise ProtobufError(f"field number {number} at byte {at} is out of range")
        if wire_type == VARINT:
            value, at = _read_varint(data, at, _VARINT_BYTES_MAX)
            yield number, wire_type, value
            continue
        if wire_type == BYTES:
            # Most lengths are one byte; an index past the end is left to _read_varint to tell.
            if at < size_bytes and (length := data[at]) < _MORE:
                at += 1
            else:
                length, at = _read_varint(data, at, _LENGTH_BYTES_MAX)
        elif wire_type == FIXED64:
            length = 8
        elif wire_type == FIXED32:
            length = 4
        else:
            raise ProtobufError(f"field {number} has wire type {wire_type}")
        end = at + length
        if end > size_bytes:
            raise ProtobufError(f"field {number} needs {length} bytes, {size_bytes - at} are left")
        yield number, wire_type, data[at:end]
        at = end


def as_bytes(value: int | bytes) -> bytes:
    """A field's value as bytes or as an encoded message; raises ProtobufError if it is neither."""
    if isinstance(value, int):
        raise ProtobufError("a number stands where bytes belong")
    return value


def as_string(value: int | bytes) -> str:
    """A field's value as text; raises ProtobufError where it is not UTF-8."""
    try:
        return as_bytes(value).decode()
    except UnicodeDecodeError as error:
        raise ProtobufError(f"text is not UTF-8: {error.reason}") from error


def as_uint(value: int | bytes) -> int:
    """A field's value as an unsigned integer; raises ProtobufError if it is no varint."""
    if isinstance(value, int):
        return value
    raise ProtobufError("bytes stand where a number belongs")


def as_int(value: int | bytes) -> int:
    """A field's value as a signed 64-bit integer, which also reads int32 and enums."""
    number = as_uint(value)
    return number - (_UINT64_MAX + 1) if number & _SIGN_BIT else number


def _read_varint(data: bytes, at: int, bytes_max: int) -> tuple[int, int]:
    """(value, index after it); raises ProtobufError if it is cut, too long or over 64 bits."""
    value = 0
    stop = min(len(data), at + bytes_max)
    for index in range(at, stop):
        byte = data[index]
        value |= (byte & 0x7F) << 7 * (index - at)
        if byte < _MORE:
            if value > _UINT64_MAX:
                raise ProtobufError(f"the number at byte {at} does not fit 64 bits")
            return value, index + 1
    if stop - at < bytes_max:
        raise ProtobufError(f"the number at byte {at} is cut short")
    raise ProtobufError(f"the number at byte {at} has more than {bytes_max} bytes")
