"""A server's list of models."""

from __future__ import annotations

import json

import pytest

from cursor_api.domain.catalog import Model
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.upstreams.openai.models import NAME_CHARS_MAX, decode_models


def test_it_is_read_in_its_order() -> None:
    """Who owns a model and since when is told where the server tells it."""
    listed = [
        {"id": "b", "object": "model", "created": 1_700_000_000, "owned_by": "them"},
        {"id": "a/c:free"},
        {"id": "d", "created": None, "owned_by": ""},
        {"id": "e", "created": -1, "owned_by": 3},
        {"id": "f", "created": True},
    ]
    models = [
        Model("b", "them", 1_700_000_000),
        *(Model(name, "somewhere", 0) for name in ("a/c:free", "d", "e", "f")),
    ]
    assert decode_models(json.dumps({"data": listed}).encode(), "somewhere") == models
    assert decode_models(json.dumps(listed).encode(), "somewhere") == models


def test_what_has_no_usable_name_is_passed_over() -> None:
    """A list ends in other people's terminals and pages; nothing is listed twice."""
    names = ["", "a\nb", "x" * (NAME_CHARS_MAX + 1), None, 3, "good", "good"]
    listed = [*({"id": name} for name in names), {}, "word", None]
    body = json.dumps({"data": listed}).encode()
    assert [model.id for model in decode_models(body, "somewhere")] == ["good"]
    assert decode_models(b'{"data": []}', "somewhere") == []


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"{}", b'{"data": {}}', b"3", b"\xff", b"[" * 9999]
)
def test_what_is_no_list_is_a_fault(body: bytes) -> None:
    """The list that was there before is kept then."""
    with pytest.raises(Fault) as caught:
        decode_models(body, "somewhere")
    assert caught.value.kind is FaultKind.PROTOCOL_ERROR
    assert "somewhere" in caught.value.message
