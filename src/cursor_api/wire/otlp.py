"""Spans as OTLP writes them in protobuf (opentelemetry-proto, trace/v1): an export request.

One direction only, and of the schema what a span of ours has.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from cursor_api.wire.protobuf import (
    field_bytes,
    field_double,
    field_fixed64,
    field_string,
    field_varint,
)

Value = str | bool | int | float | tuple[str, ...]
Attributes = Mapping[str, Value]

# Span.SpanKind
INTERNAL = 1
CLIENT = 3
# Status.StatusCode
_OK_UNSET, _ERROR = 0, 2


class Span(NamedTuple):
    """One span. Ids are 16 and 8 bytes, `parent_id` b"" for the first of a trace; instants are ns.

    `error` is "" where it went well.
    """

    trace_id: bytes
    span_id: bytes
    parent_id: bytes
    name: str
    kind: int
    began_ns: int
    ended_ns: int
    attributes: Attributes
    error: str = ""


def encode_spans(resource: Attributes, scope: tuple[str, str], spans: Iterable[Span]) -> bytes:
    """An ExportTraceServiceRequest; `scope` is the name and the version of who made the spans."""
    encoded = b"".join(field_bytes(2, encode_span(span)) for span in spans)
    of_scope = field_string(1, scope[0]) + field_string(2, scope[1])
    of_resource = b"".join(field_bytes(1, one) for one in _pairs(resource))
    return field_bytes(
        1, field_bytes(1, of_resource) + field_bytes(2, field_bytes(1, of_scope) + encoded)
    )


def encode_span(span: Span) -> bytes:
    """A Span message."""
    status = field_varint(3, _ERROR if span.error else _OK_UNSET)
    if span.error:
        status = field_string(2, span.error) + status
    return b"".join(
        (
            field_bytes(1, span.trace_id),
            field_bytes(2, span.span_id),
            field_bytes(4, span.parent_id),
            field_string(5, span.name),
            field_varint(6, span.kind),
            field_fixed64(7, span.began_ns),
            field_fixed64(8, span.ended_ns),
            *(field_bytes(9, one) for one in _pairs(span.attributes)),
            field_bytes(15, status),
        )
    )


def _pairs(attributes: Attributes) -> Iterable[bytes]:
    for name, value in attributes.items():
        yield field_string(1, name) + field_bytes(2, _any(value))


def _any(value: Value) -> bytes:
    """An AnyValue."""
    match value:
        case bool():
            return field_varint(2, int(value))
        case str():
            return field_string(1, value)
        case int():
            return field_varint(3, value)
        case float():
            return field_double(4, value)
        case tuple():
            return field_bytes(5, b"".join(field_bytes(1, field_string(1, one)) for one in value))
