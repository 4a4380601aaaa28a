"""An endpoint's list of models."""

from __future__ import annotations

import json

import pytest

from cursor_api.dialects.anthropic_messages.models import render_models
from cursor_api.domain.catalog import Model
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.transport.model_lists import NAME_CHARS_MAX, decode_models


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
    assert decode_models(json.dumps({"data": listed}).encode(), "somewhere").models == models
    assert decode_models(json.dumps(listed).encode(), "somewhere").models == models


def test_what_has_no_usable_name_is_passed_over() -> None:
    """A list ends in other people's terminals and pages; nothing is listed twice."""
    names = ["", "a\nb", "x" * (NAME_CHARS_MAX + 1), None, 3, "good", "good"]
    listed = [*({"id": name} for name in names), {}, "word", None]
    body = json.dumps({"data": listed}).encode()
    assert [model.id for model in decode_models(body, "somewhere").models] == ["good"]
    assert decode_models(b'{"data": []}', "somewhere").models == []


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"{}", b'{"data": {}}', b"3", b"\xff", b"[" * 9999]
)
def test_what_is_no_list_is_a_fault(body: bytes) -> None:
    """The list that was there before is kept then."""
    with pytest.raises(Fault) as caught:
        decode_models(body, "somewhere")
    assert caught.value.kind is FaultKind.PROTOCOL_ERROR
    assert "somewhere" in caught.value.message


def test_a_page_says_what_the_next_one_follows() -> None:
    """Dates may be ISO's; a page that claims more and names nothing is the last."""
    listed = [
        {"id": "a", "created_at": "2025-02-19T00:00:00Z"},
        {"id": "b", "created_at": "1970-01-01T00:00:00Z"},
        {"id": "c", "created_at": "soon"},
    ]
    body: dict[str, object] = {"data": listed, "has_more": True, "last_id": "c"}
    page = decode_models(json.dumps(body).encode(), "them")
    assert [model.created for model in page.models] == [1_739_923_200, 0, 0]
    assert page.next_id == "c"
    for more in ({"has_more": False}, {"last_id": None}, {"last_id": "a\nb"}):
        assert decode_models(json.dumps(body | more).encode(), "them").next_id == ""


def test_what_a_model_takes_in_is_read_where_it_is_told() -> None:
    """Each vendor has a name of its own for it."""
    told: list[dict[str, object]] = [
        {"max_input_tokens": 200_000},
        {"context_length": 128_000},
        {"context_window": None, "max_model_len": 4096},
        {"context_length": "much"},
        {"context_length": 0},
    ]
    listed = [{"id": str(number), **one} for number, one in enumerate(told)]
    models = decode_models(json.dumps(listed).encode(), "them").models
    assert [model.context_count for model in models] == [200_000, 128_000, 4096, None, None]


@pytest.mark.parametrize(
    ("created", "expected"),
    [
        (253_402_300_799, 253_402_300_799),
        (253_402_300_800, 0),
        # Milliseconds, and what is none.
        (1_000_000_000_000, 0),
        (10**18, 0),
    ],
)
def test_every_instant_has_a_date(created: int, expected: int) -> None:
    """One that has none was a failure of the whole list, for all who read it with dates."""
    (model,) = decode_models(json.dumps([{"id": "a", "created": created}]).encode(), "x").models
    assert model.created == expected
    assert json.loads(render_models([model]))["data"][0]["id"] == "a"
