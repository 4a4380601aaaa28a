"""The catalog."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager

import pytest

from cursor_api.domain.catalog import Model, Route
from cursor_api.domain.chat import ChatRequest
from cursor_api.domain.credential import Credential
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.ports import DeltaBatches
from cursor_api.service.inference.catalog import COMPARED_CHARS_MAX, Catalog


class Listed:
    """An upstream that only lists models."""

    def __init__(self, *names: str) -> None:
        self._models = tuple(Model(name, "owner", 1) for name in names)

    def models(self) -> Sequence[Model]:
        """Its models."""
        return self._models

    def open(
        self, request: ChatRequest, route: Route, credential: Credential
    ) -> AbstractAsyncContextManager[DeltaBatches]:
        """Never asked here."""
        raise AssertionError(request, route, credential)


def test_models_keep_the_upstreams_order_and_the_first_upstream_serves_a_name() -> None:
    """Users put the upstream they prefer first."""
    catalog = Catalog({"one": Listed("b", "a"), "two": Listed("a", "c")})
    assert [model.id for model in catalog.models] == ["b", "a", "c"]
    assert catalog.resolve("a") == Route("one", "a")
    assert catalog.resolve("c") == Route("two", "c")
    assert catalog.get_model("c") == Model("c", "owner", 1)


def test_an_unknown_model_names_the_nearest() -> None:
    """A typing mistake is mended by reading the error."""
    catalog = Catalog({"one": Listed("gpt-4o", "claude-3-opus")})
    with pytest.raises(Fault, match="Did you mean gpt-4o") as caught:
        catalog.resolve("gpt4o")
    assert (caught.value.kind, caught.value.param) == (FaultKind.MODEL_NOT_FOUND, "model")
    with pytest.raises(Fault, match="/v1/models"):
        catalog.get_model("zzzzzzz")


def test_a_hostile_model_name_is_quoted_and_cut() -> None:
    """The name comes from the caller and goes into a message."""
    with pytest.raises(Fault) as caught:
        Catalog({}).resolve("x\n" * 10_000)
    assert len(caught.value.message) < 600
    assert "\n" not in caught.value.message


def test_a_name_longer_than_any_is_compared_with_none() -> None:
    """It may be all of an address, and comparing takes quadratic time."""
    name = "".join(chr(97 + n % 26) * (n % 5) for n in range(100))
    catalog = Catalog({"one": Listed(name)})
    with pytest.raises(Fault, match="Did you mean"):
        catalog.get_model(name[1:])
    with pytest.raises(Fault, match="/v1/models lists all"):
        catalog.get_model(name + "x" * COMPARED_CHARS_MAX)
