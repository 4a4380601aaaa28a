"""Lists of models that may change while the gateway runs."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from cursor_api.domain.catalog import Model
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.pool.pool import Pool
from cursor_api.service.inference import model_lists as module
from cursor_api.service.inference.catalog import MODELS_PER_ENDPOINT_MAX, Catalog
from cursor_api.service.inference.endpoints import Endpoints
from cursor_api.service.inference.model_lists import ModelLists
from tests.endpoints import endpoint_of
from tests.fakes import ListObserver, ScriptedUpstream, TickingClock


class Listing(ScriptedUpstream):
    """An upstream whose list the test edits; None never comes."""

    def __init__(self, *names: str) -> None:
        super().__init__({})
        self.listed: Sequence[str] | Fault | None = names
        self.asked_count = 0

    async def list_models(self) -> Sequence[Model]:
        """What is scripted."""
        self.asked_count += 1
        if self.listed is None:
            await asyncio.Event().wait()
        if isinstance(self.listed, Fault):
            raise self.listed
        return [Model(name, "owner", 1) for name in self.listed or ()]


class Town:
    """Two endpoints and the catalogue of both."""

    def __init__(self) -> None:
        self.one, self.two = Listing("a"), Listing("b")
        self.observer = ListObserver()
        self.catalog = Catalog()
        pairs = (("one", self.one), ("two", self.two))
        endpoints = Endpoints(
            [
                endpoint_of(upstream, Pool(TickingClock(), lambda: 0.5), name=name)
                for name, upstream in pairs
            ],
            self.observer,
        )
        self.lists = ModelLists(self.catalog, endpoints, self.observer)

    @property
    def served(self) -> str:
        """The names in the catalogue."""
        return " ".join(model.id for model in self.catalog.models)


async def test_a_model_that_comes_later_is_served_after_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody has to restart anything."""
    monkeypatch.setattr(module, "REFRESH_S", 0.01)
    town = Town()
    await town.lists.refresh()
    assert town.served == "a b"
    town.one.listed = ("c", "a")
    watching = asyncio.create_task(town.lists.watch())
    async with asyncio.timeout(5):
        while town.served != "c a b":
            await asyncio.sleep(0.01)
    watching.cancel()
    assert town.observer.events == []


async def test_one_that_cannot_tell_keeps_what_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """The others are not held up, and the operator is told once for each reason."""
    monkeypatch.setattr(module, "ANSWER_S", 0.05)
    town = Town()
    await town.lists.refresh()
    town.one.listed, town.two.listed = None, ("d",)
    for _ in range(2):
        await town.lists.refresh()
    assert town.served == "a d"
    town.one.listed = Fault(FaultKind.UNREACHABLE, "nobody there")
    await town.lists.refresh()
    details = [facts["detail"] for _, facts in town.observer.warnings]
    assert details == ["no answer within 0.05 s", "nobody there"]


async def test_a_list_without_an_end_is_cut_and_told() -> None:
    """Each name costs memory in every list of models that callers ask for."""
    town = Town()
    town.one.listed = [str(number) for number in range(MODELS_PER_ENDPOINT_MAX + 1)]
    await town.lists.refresh()
    assert len(town.catalog.models) == MODELS_PER_ENDPOINT_MAX + 1
    [(_, facts)] = town.observer.warnings
    assert (facts["upstream"], facts["kept_count"]) == ("one", MODELS_PER_ENDPOINT_MAX)
