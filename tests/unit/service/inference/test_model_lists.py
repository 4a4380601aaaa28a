"""Lists of models that may change while the gateway runs."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from cursor_api.domain.catalog import Model
from cursor_api.domain.credential import Credential, Secret
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.pool.pool import Pool
from cursor_api.service.inference import model_lists as module
from cursor_api.service.inference.catalog import MODELS_PER_ENDPOINT_MAX, Catalog
from cursor_api.service.inference.endpoints import Endpoints
from cursor_api.service.inference.model_lists import ModelLists
from tests.endpoints import endpoint_of
from tests.fakes import ListObserver, ScriptedUpstream, TickingClock
from tests.waiting import until


class Listing(ScriptedUpstream):
    """An upstream whose list the test edits; one of an event comes with it."""

    def __init__(self, *names: str) -> None:
        super().__init__({})
        self.listed: Sequence[str] | Exception | asyncio.Event = names
        self.asked_count = 0

    async def list_models(self) -> Sequence[Model]:
        """What is scripted."""
        self.asked_count += 1
        if isinstance(self.listed, asyncio.Event):
            await self.listed.wait()
            return [Model("late", "owner", 1)]
        if isinstance(self.listed, Exception):
            raise self.listed
        return [Model(name, "owner", 1) for name in self.listed]


class Town:
    """Two endpoints and the catalogue of both."""

    def __init__(self) -> None:
        self.one, self.two = Listing("a"), Listing("b")
        self.observer = ListObserver()
        self.catalog = Catalog()
        self.pools = {name: Pool(TickingClock(), lambda: 0.5) for name in ("one", "two")}
        pairs = (("one", self.one), ("two", self.two))
        endpoints = Endpoints(
            [endpoint_of(upstream, self.pools[name], name=name) for name, upstream in pairs],
            self.observer,
        )
        self.endpoints = endpoints
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
    await until(lambda: town.served == "c a b")
    watching.cancel()
    assert town.observer.events == []


async def test_other_credentials_bring_their_models_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever adds or renews one looks for them next; a long tail of them changes nothing."""
    monkeypatch.setattr(module, "LOOK_S", 0.01)
    town = Town()
    pool, watching = town.pools["one"], asyncio.create_task(town.lists.watch())
    await town.lists.refresh()
    for number, name in enumerate("xyz"):
        town.one.listed = (name,)
        pool.put([Credential("first", Secret(name))])
        await until(lambda: town.served == f"{name} b")  # noqa: B023 - awaited at once
        assert town.one.asked_count == number + 2
    many = [Credential(f"{n}", Secret("z" if n == 0 else f"{n}")) for n in range(20)]
    pool.put(many)
    await asyncio.sleep(0.05)
    asked_count = town.one.asked_count
    pool.put(many[:15])
    await asyncio.sleep(0.05)
    watching.cancel()
    assert (town.one.asked_count, town.two.asked_count) == (asked_count, 1)


async def test_one_that_cannot_tell_keeps_what_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """The others are not held up, and the operator is told once for each reason."""
    monkeypatch.setattr(module, "ANSWER_S", 0.05)
    town = Town()
    await town.lists.refresh()
    town.one.listed, town.two.listed = asyncio.Event(), ("d",)
    for _ in range(2):
        await town.lists.refresh()
    assert town.served == "a d"
    town.one.listed = Fault(FaultKind.UNREACHABLE, "nobody there")
    await town.lists.refresh()
    details = [facts["detail"] for _, facts in town.observer.warnings]
    assert details == ["no answer within 0.05 s", "nobody there"]
    assert {event for event, _ in town.observer.warnings} == {
        "the list of models cannot be fetched; the last known one is used"
    }


async def test_one_that_could_never_tell_has_no_list_that_could_be_used() -> None:
    """So the warning does not promise one."""
    town = Town()
    town.one.listed = Fault(FaultKind.UNREACHABLE, "nobody there")
    await town.lists.refresh()
    [(event, _)] = town.observer.warnings
    assert event == "the list of models cannot be fetched; none is known yet"


async def test_a_list_without_an_end_is_cut_and_told() -> None:
    """Each name costs memory in every list of models that callers ask for."""
    town = Town()
    town.one.listed = [str(number) for number in range(MODELS_PER_ENDPOINT_MAX + 1)]
    await town.lists.refresh()
    assert len(town.catalog.models) == MODELS_PER_ENDPOINT_MAX + 1
    [(_, facts)] = town.observer.warnings
    assert (facts["upstream"], facts["kept_count"]) == ("one", MODELS_PER_ENDPOINT_MAX)


async def test_a_list_that_comes_behind_a_reload_is_dropped() -> None:
    """Its endpoint is gone, another one has its name, or the operator has named the models."""
    for change in ("gone", "other", "fixed"):
        town = Town()
        town.two.listed = came = asyncio.Event()
        refreshing = asyncio.create_task(town.lists.refresh())
        await asyncio.sleep(0)
        one = town.endpoints["one"]
        if change == "fixed":
            town.lists.fix({"two": ("c",)})
        else:
            other = endpoint_of(town.two, Pool(TickingClock(), lambda: 0.5), name="two")
            town.endpoints.replace([one] if change == "gone" else [one, other])
        came.set()
        await refreshing
        assert "late" not in town.served


async def test_a_bug_in_one_kind_keeps_no_other_list_from_coming() -> None:
    """It is told with its traceback, once."""
    town = Town()
    town.one.listed = ValueError("a secret")
    await town.lists.refresh()
    await town.lists.refresh()
    assert town.served == "b"
    [(_, facts)] = town.observer.warnings
    assert facts["detail"] == "ValueError (a bug)"
    assert isinstance(facts["exc_info"], ValueError)


async def test_an_endpoint_whose_models_are_named_is_not_asked() -> None:
    """They are served as they stand, from the first moment."""
    town = Town()
    town.lists.fix({"two": ("c", "d")})
    assert town.served == "c d"
    await town.lists.refresh()
    assert town.served == "c d a"
    assert town.two.asked_count == 0
