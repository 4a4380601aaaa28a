"""The protobuf codec against Google's runtime, on real messages, damaged ones and noise."""

from __future__ import annotations

import struct
from typing import Any

from google.protobuf import (  # type: ignore[import-untyped] # no stubs are installed
    descriptor_pb2,
    descriptor_pool,
    message_factory,
)
from google.protobuf.message import (  # type: ignore[import-untyped] # the same
    DecodeError,
    Message,
)
from google.protobuf.unknown_fields import (  # type: ignore[import-untyped] # the same
    UnknownFieldSet,
)
from hypothesis import assume, given
from hypothesis import strategies as st

from cursor_api.wire.protobuf import (
    BYTES,
    FIELD_NUMBER_MAX,
    FIXED32,
    FIXED64,
    ProtobufError,
    as_bytes,
    as_int,
    as_string,
    as_uint,
    encode_varint,
    field_bytes,
    field_double,
    field_string,
    field_varint,
    iter_fields,
)
from tests.examples import examples

MANY = examples(300)
Fields = list[tuple[int, int, int | bytes]]
Their = descriptor_pb2.FieldDescriptorProto


def write_float(number: int, value: float) -> bytes:
    """A field of four bytes; nothing here writes any."""
    return encode_varint(number << 3 | FIXED32) + struct.pack("<f", value)


def read_float(value: int | bytes) -> float:
    """One of four or of eight bytes."""
    content = as_bytes(value)
    found: float = struct.unpack("<f" if len(content) == 4 else "<d", content)[0]
    return found


# Number, name, their type, our writer and our reader, for every type that the wire here knows.
KINDS: list[tuple[int, str, Any, Any, Any]] = [
    (1, "text", Their.TYPE_STRING, field_string, as_string),
    (2, "kind", Their.TYPE_INT32, field_varint, as_int),
    (3, "size", Their.TYPE_UINT64, field_varint, as_uint),
    (4, "offset", Their.TYPE_INT64, field_varint, as_int),
    (5, "flag", Their.TYPE_BOOL, field_varint, as_uint),
    (15, "score", Their.TYPE_FLOAT, write_float, read_float),
    (16, "at", Their.TYPE_DOUBLE, field_double, read_float),
    (2048, "data", Their.TYPE_BYTES, field_bytes, as_bytes),
]
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "text": st.text(st.characters(codec="utf-8"), max_size=200),
    "kind": st.integers(-(2**31), 2**31 - 1),
    "size": st.integers(0, 2**64 - 1),
    "offset": st.integers(-(2**63), 2**63 - 1),
    "flag": st.booleans(),
    "score": st.floats(width=32, allow_nan=False),
    "at": st.floats(allow_nan=False),
    "data": st.binary(max_size=200),
}


def their_classes() -> tuple[type[Message], type[Message]]:
    """Google's runtime: a message with all of KINDS and a repeated one of itself, and an empty."""
    file = descriptor_pb2.FileDescriptorProto(name="t.proto", package="t", syntax="proto3")
    message = file.message_type.add(name="Everything")
    for number, name, kind, _, _ in KINDS:
        message.field.add(name=name, number=number, type=kind, label=Their.LABEL_OPTIONAL)
    message.field.add(
        name="inner",
        number=FIELD_NUMBER_MAX,
        type=Their.TYPE_MESSAGE,
        type_name=".t.Everything",
        label=Their.LABEL_REPEATED,
    )
    file.message_type.add(name="Nothing")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    everything, nothing = (
        message_factory.GetMessageClass(pool.FindMessageTypeByName(f"t.{name}"))
        for name in ("Everything", "Nothing")
    )
    return everything, nothing


EVERYTHING, NOTHING = their_classes()

contents = st.fixed_dictionaries({}, optional=VALUES)


def write(content: dict[str, Any], inner: list[bytes]) -> bytes:
    """The content by our writers, proto3's defaults left out, in the order of numbers."""
    return b"".join(
        [
            writer(number, content[name])
            for number, name, _, writer, _ in KINDS
            # A negative zero is a value: proto3 leaves out only what has no bit set.
            if name in content and (content[name] or str(content[name]).startswith("-"))
        ]
        + [field_bytes(FIELD_NUMBER_MAX, message) for message in inner]
    )


def mutate(data: bytes, at: int, noise: bytes, size_bytes: int) -> bytes:
    """The data with a few bytes replaced, taken out or put in."""
    at %= len(data) + 1
    return data[:at] + noise + data[at + size_bytes :]


damaged = st.builds(
    mutate,
    contents.map(lambda content: write(content, [])),
    st.integers(0, 1000),
    st.binary(max_size=3),
    st.integers(0, 3),
)


def read(data: bytes) -> Fields | str:
    """Our fields, or the words with which the bytes are refused."""
    try:
        return list(iter_fields(data))
    except ProtobufError as error:
        return str(error)


def their_fields(data: bytes) -> Fields | None:
    """Google's fields, read as unknown ones; None if it refuses. A group's value is b""."""
    try:
        message = NOTHING.FromString(data)
    except DecodeError:
        return None
    forms = {FIXED32: struct.Struct("<I"), FIXED64: struct.Struct("<Q")}
    found: Fields = []
    for field in UnknownFieldSet(message):
        value: Any = field.data
        if field.wire_type in forms:
            value = forms[field.wire_type].pack(value)
        found.append((field.field_number, field.wire_type, value))
    return found


@MANY
@given(contents, st.lists(contents, max_size=3))
def test_google_reads_and_writes_the_same_bytes(
    content: dict[str, Any], inner: list[dict[str, Any]]
) -> None:
    """Our bytes are the runtime's own for the same values, nested messages included."""
    message: Any = EVERYTHING(**content)
    for nested in inner:
        message.inner.add(**nested)
    data = write(content, [write(nested, []) for nested in inner])
    assert data == message.SerializeToString(deterministic=True)
    assert EVERYTHING.FromString(data) == message


@MANY
@given(contents)
def test_google_s_bytes_are_read(content: dict[str, Any]) -> None:
    """Each field of the runtime's bytes has its value; what is absent is a default."""
    message: Any = EVERYTHING(**content)
    fields = {number: value for number, _, value in iter_fields(message.SerializeToString())}
    for number, name, _, _, reader in KINDS:
        if number in fields:
            assert reader(fields[number]) == content[name]
        else:
            assert not content.get(name)


@MANY
@given(damaged | st.binary(max_size=40))
def test_damage_is_judged_as_google_judges_it(data: bytes) -> None:
    """The same fields or the same refusal, with three differences that are meant.

    We refuse groups; a number over 64 bits, of which the runtime drops the upper bits; and field
    number 0, which the format forbids and the runtime lets pass where it is no varint.
    """
    ours, theirs = read(data), their_fields(data)
    if isinstance(ours, list):
        assert ours == theirs
    elif not any(words in ours for words in ("wire type 3", "64 bits", "field number 0 ")):
        assert theirs is None


@MANY
@given(contents, st.data())
def test_a_cut_message_gives_no_other_field(content: dict[str, Any], draw: st.DataObject) -> None:
    """A prefix is refused, or ends between fields and gives exactly those before the cut."""
    data = write(content, [])
    assume(data)
    whole = list(iter_fields(data))
    cut = draw.draw(st.integers(0, len(data) - 1))
    found = read(data[:cut])
    if isinstance(found, list):
        assert found == whole[: len(found)]
        assert found == their_fields(data[:cut])
    else:
        assert their_fields(data[:cut]) is None


@MANY
@given(st.integers(-(2**63), 2**64 - 1), st.integers(1, FIELD_NUMBER_MAX))
def test_numbers_there_and_back(value: int, number: int) -> None:
    """Every number of 64 bits, in its shortest form."""
    data = field_varint(number, value)
    assert read(data) == [(number, 0, value % 2**64)]
    assert their_fields(data) == [(number, 0, value % 2**64)]
    assert len(encode_varint(value)) == max(1, -(-(value % 2**64).bit_length() // 7))
    assert read(field_bytes(number, data)) == [(number, BYTES, data)]
