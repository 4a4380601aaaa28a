"""Cursor's list of models, and a model as a caller names it."""

from __future__ import annotations

from typing import Any

import pytest

from cursor_api.domain.catalog import Model
from cursor_api.domain.credential import Secret
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.upstreams.cursor_sdk.models import (
    KEPT_KEYS_MAX,
    KEPT_S,
    NAME_CHARS_MAX,
    KeptModels,
    ModelSelection,
    Param,
    SdkModel,
    check_selection,
    list_names,
    parse_selection,
    read_models,
)
from tests.fakes import StillClock

OPUS: dict[str, Any] = {
    "id": "opus",
    "displayName": "Opus",
    "parameters": [
        {"id": "effort", "displayName": "Effort", "values": [{"value": "low"}, {"value": "high"}]},
        {"id": "seed", "values": []},
        {"values": [{"value": "nameless"}]},
    ],
    "variants": [
        {"params": [{"id": "effort", "value": "low"}], "isDefault": True},
        {"params": [{"id": "effort", "value": "high"}, {"id": "fast", "value": "true"}]},
        {"params": []},
        "no variant",
    ],
}
MODELS = read_models({"items": [{"id": "composer-2.5"}, OPUS, {"id": "auto"}]})


@pytest.mark.parametrize(
    ("name", "selection"),
    [
        ("auto", ModelSelection("auto")),
        ("opus:effort=high", ModelSelection("opus", (Param("effort", "high"),))),
        (
            "opus:effort=high,fast",
            ModelSelection("opus", (Param("effort", "high"), Param("fast", "true"))),
        ),
        ("opus: fast , a = b ", ModelSelection("opus", (Param("fast", "true"), Param("a", "b")))),
        ("opus:a=b=c", ModelSelection("opus", (Param("a", "b=c"),))),
    ],
)
def test_a_name_is_a_model_and_its_parameters(name: str, selection: ModelSelection) -> None:
    """Each after a comma; one without a value is set; written and read again it is the same."""
    assert parse_selection(name) == selection
    assert parse_selection(selection.name) == selection


@pytest.mark.parametrize(
    "name",
    ["opus:", "opus:,", "opus:=high", "opus:effort=", "opus:fast,fast", "opus:" + "a," * 20],
)
def test_a_suffix_that_says_nothing_is_refused(name: str) -> None:
    """The caller is shown how to write it."""
    with pytest.raises(Fault, match="effort=high,fast") as caught:
        parse_selection(name)
    fault = caught.value
    assert (fault.kind, fault.param, fault.code) == (
        *(FaultKind.INVALID_REQUEST, "model", "invalid_model_parameters"),
    )


def test_a_selection_is_spelled_for_the_bridge() -> None:
    """Parameters only where there are some."""
    assert ModelSelection("auto").message() == {"id": "auto"}
    assert parse_selection("opus:fast").message() == {
        "id": "opus",
        "params": [{"id": "fast", "value": "true"}],
    }


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("opus:effort=high", None),
        ("opus:seed=17", None),
        ("stranger:anything", None),
        ("opus:effort=huge", "has no value 'huge' for effort: low, high"),
        ("opus:colour=red", "has no parameter 'colour'; it has: effort, seed"),
        ("auto:fast", "has no parameter 'fast'; it has: none"),
    ],
)
def test_parameters_are_checked_where_they_are_known(name: str, words: str | None) -> None:
    """Cursor takes any, and who misspelt one would pay for another answer."""
    selection = parse_selection(name)
    if words is None:
        check_selection(selection, MODELS)
        return
    with pytest.raises(Fault, match=words):
        check_selection(selection, MODELS)


def test_a_list_is_read() -> None:
    """In its order, with variants but the default one; each name once."""
    assert list_names(MODELS, "cursor-sdk") == [
        Model(name, "cursor-sdk", 0)
        for name in ("composer-2.5", "opus", "opus:effort=high,fast", "opus:*", "auto")
    ]
    assert MODELS[1].parameters == {"effort": ("low", "high"), "seed": ()}
    assert read_models({}) == []


@pytest.mark.parametrize(
    "item", [None, "x", {}, {"id": 7}, {"id": ""}, {"id": "a:b"}, {"id": "a*"}, {"id": "a\nb"}]
)
def test_an_entry_without_a_usable_name_is_passed_over(item: Any) -> None:
    """The others are there all the same."""
    long = {"id": "x" * (NAME_CHARS_MAX + 1)}
    assert [one.id for one in read_models({"items": [item, {"id": "good"}, long]})] == ["good"]


def test_no_list_is_told() -> None:
    """Something else under its name is a fault of the other side."""
    with pytest.raises(Fault, match="no list of models") as caught:
        read_models({"items": {"id": "x"}})
    assert caught.value.kind is FaultKind.PROTOCOL_ERROR


async def test_a_keys_models_are_kept_for_a_while() -> None:
    """Asked once, then again when they are old; a bounded number of keys."""
    asked: list[Secret] = []
    clock = StillClock()

    async def ask(key: Secret) -> list[SdkModel]:
        asked.append(key)
        return MODELS

    kept = KeptModels(ask, clock)
    key = Secret("one")
    assert kept.find(key) is None
    assert await kept.get(key) == tuple(MODELS)
    assert await kept.get(key) == kept.find(key) == tuple(MODELS)
    assert asked == [key]
    clock.seconds += KEPT_S
    assert kept.find(key) is None
    await kept.get(key)
    assert len(asked) == 2
    for number in range(KEPT_KEYS_MAX):
        await kept.get(Secret(f"key {number}"))
    assert kept.find(key) is None
    assert repr(kept) == f"KeptModels({KEPT_KEYS_MAX})"
