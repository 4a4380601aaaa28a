"""Spans in protobuf, read by OpenTelemetry's own messages."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from cursor_api.wire.otlp import CLIENT, Span, encode_spans

UTF8 = st.characters(codec="utf-8")
SPAN = Span(
    trace_id=bytes(range(16)),
    span_id=bytes(range(8)),
    parent_id=b"",
    name="chat gpt-4o",
    kind=CLIENT,
    began_ns=1_761_358_500_000_000_000,
    ended_ns=1_761_358_501_000_000_000,
    attributes={"text": "é", "flag": True, "count": -7, "ratio": 0.25, "list": ("a", "b")},
)


def read(body: bytes) -> Any:
    """As a collector does."""
    return ExportTraceServiceRequest.FromString(body)


def test_a_span_is_read_as_it_was_meant() -> None:
    """Every field, and every sort of attribute; nothing is left over."""
    body = encode_spans({"service.name": "cursor-api"}, ("scope", "1.2"), [SPAN])
    (of_resource,) = read(body).resource_spans
    (resource,) = of_resource.resource.attributes
    assert (resource.key, resource.value.string_value) == ("service.name", "cursor-api")
    (of_scope,) = of_resource.scope_spans
    assert (of_scope.scope.name, of_scope.scope.version) == ("scope", "1.2")
    (span,) = of_scope.spans
    assert (span.trace_id, span.span_id, span.parent_span_id) == (SPAN.trace_id, SPAN.span_id, b"")
    assert (span.name, span.kind) == ("chat gpt-4o", 3)
    assert (span.start_time_unix_nano, span.end_time_unix_nano) == (SPAN.began_ns, SPAN.ended_ns)
    values = {one.key: one.value for one in span.attributes}
    assert values["text"].string_value == "é"
    assert values["flag"].bool_value is True
    assert values["flag"].WhichOneof("value") == "bool_value"
    assert (values["count"].int_value, values["ratio"].double_value) == (-7, 0.25)
    assert [one.string_value for one in values["list"].array_value.values] == ["a", "b"]
    assert span.status.code == 0
    assert (
        read(body).SerializeToString() == read(read(body).SerializeToString()).SerializeToString()
    )


def test_what_went_wrong_is_the_spans_status() -> None:
    """With the word for it."""
    body = encode_spans({}, ("", ""), [SPAN._replace(error="rate_limited"), SPAN])
    first, second = read(body).resource_spans[0].scope_spans[0].spans
    assert (first.status.code, first.status.message) == (2, "rate_limited")
    assert second.status.code == 0


@given(
    st.dictionaries(
        st.text(UTF8, min_size=1),
        st.booleans()
        | st.integers(-(2**63), 2**63 - 1)
        | st.floats(allow_nan=False)
        | st.text(UTF8)
        | st.lists(st.text(UTF8)).map(tuple),
    )
)
def test_any_attribute_comes_through(attributes: dict[str, Any]) -> None:
    """As itself."""
    body = encode_spans({}, ("", ""), [SPAN._replace(attributes=attributes)])
    span = read(body).resource_spans[0].scope_spans[0].spans[0]
    found: dict[str, Any] = {}
    for one in span.attributes:
        kind = one.value.WhichOneof("value")
        value = getattr(one.value, kind)
        if kind == "array_value":
            value = tuple(item.string_value for item in value.values)
        found[one.key] = value
    assert found == attributes
    assert {name: type(value) for name, value in found.items()} == {
        name: type(value) for name, value in attributes.items()
    }
