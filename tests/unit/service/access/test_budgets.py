"""Budgets that are nearly spent, and those that are spent."""

from __future__ import annotations

import datetime as dt

import pytest
from msgspec.structs import replace

from cursor_api.domain.alert import Alert, AlertKind
from cursor_api.domain.api_key import ApiKey
from cursor_api.domain.deltas import Usage, UsageSource
from cursor_api.domain.errors import Fault, StoreError
from cursor_api.domain.periods import Period, Unit
from cursor_api.domain.quota import Budget, Limits
from cursor_api.service.access.budgets import BudgetWatch
from cursor_api.service.access.quota import Hold
from tests.unit.service.access.test_quota import House, make_incoming, make_key

NEARLY, SPENT = AlertKind.BUDGET_NEARLY_SPENT, AlertKind.BUDGET_SPENT


class Desk:
    """One key with a budget of 1,000 tokens a month, and who watches it."""

    def __init__(self) -> None:
        self.house = House()
        self.house.clock.seconds = dt.datetime(2026, 11, 29, tzinfo=dt.UTC).timestamp()
        self.key: ApiKey | None = make_key(budget(1000))
        self.budgets = BudgetWatch(self.house.quota, lambda _id: self.key, self.house.clock)
        self._count = 0

    async def enter(self) -> Hold:
        """A request that reserves 150 tokens."""
        self._count += 1
        assert self.key is not None
        hold = await self.house.quota.enter(make_incoming(self.key, f"r{self._count}"), 100)
        assert hold is not None
        return hold

    async def use(self, tokens_count: int, cost_nano: int = 0) -> list[Alert]:
        """A request that used so many; all that is told then."""
        (await self.enter()).settle(Usage(tokens_count, 0, UsageSource.UPSTREAM), cost_nano)
        return await self.look()

    async def look(self) -> list[Alert]:
        """All that is told."""
        await self.budgets.look()
        return list(self.budgets.find())

    async def kinds(self) -> list[AlertKind]:
        """The same, without words."""
        return [one.kind for one in await self.look()]


def budget(amount: int, unit: Unit = Unit.TOKENS) -> Limits:
    """So much a month."""
    return Limits(budget=Budget(amount, unit, Period.MONTH))


async def test_a_budget_is_told_at_80_and_at_100_percent_until_its_period_is_over() -> None:
    """Below nothing is; what was told holds though nobody asks for anything more."""
    desk = Desk()
    assert await desk.use(799) == []
    [alert] = await desk.use(1)
    assert alert == Alert(
        NEARLY, "alice", "The API key alice has used 80 % of its budget of 1,000 tokens a month."
    )
    [nearly, spent] = await desk.use(200)
    assert nearly.kind is NEARLY
    assert spent == Alert(
        SPENT,
        "alice",
        "The API key alice has used 100 % of its budget of 1,000 tokens a month: requests are"
        " refused until 2026-12-01 00:00 UTC.",
    )
    assert await desk.kinds() == [NEARLY, SPENT]
    desk.house.clock.seconds += 2 * 86_400
    assert await desk.kinds() == []
    assert repr(desk.budgets) == "BudgetWatch(0)"


async def test_what_is_reserved_is_not_used() -> None:
    """Or a long answer would be told as spent before it began."""
    desk = Desk()
    assert await desk.use(700) == []
    holds = [await desk.enter() for _ in range(2)]
    assert await desk.look() == []
    for hold in holds:
        hold.settle(None, None)
    assert await desk.look() == []


async def test_a_rest_that_is_too_small_for_a_request_is_told_as_spent() -> None:
    """Where no other request has reserved it, and none that is too large for any budget."""
    desk = Desk()
    await desk.use(700)
    hold = await desk.enter()
    await desk.enter()
    with pytest.raises(Fault):
        await desk.enter()
    hold.settle(Usage(120, 0, UsageSource.UPSTREAM), None)
    assert await desk.kinds() == [NEARLY]
    desk = Desk()
    await desk.use(900)
    with pytest.raises(Fault):
        await desk.enter()
    assert await desk.kinds() == [NEARLY, SPENT]
    assert await desk.kinds() == [NEARLY, SPENT]
    assert desk.key is not None
    desk.key = replace(desk.key, limits=budget(100))
    with pytest.raises(Fault):
        await desk.enter()
    assert desk.house.quota.full == {}


async def test_money_is_watched_as_tokens_are() -> None:
    """In dollars."""
    desk = Desk()
    desk.key = make_key(budget(1_000_000_000, Unit.NANO_DOLLARS))
    [alert] = await desk.use(1, 850_000_000)
    assert alert.text == "The API key alice has used 85 % of its budget of $1.00 a month."


async def test_what_was_changed_meanwhile_is_judged_anew() -> None:
    """A larger budget, another unit, a key that is revoked or gone."""
    for change in (
        {"limits": budget(5000)},
        {"limits": budget(900, Unit.NANO_DOLLARS)},
        {"limits": Limits()},
        {"revoked_at": 1.0},
    ):
        desk = Desk()
        assert await desk.use(900) != []
        assert desk.key is not None
        desk.key = replace(desk.key, **change)
        assert await desk.look() == []
    desk = Desk()
    await desk.use(900)
    desk.house.quota.touched.add("alice")
    desk.key = None
    assert await desk.look() == []


async def test_while_the_counters_are_away_nothing_is_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What was told holds, and what was used meanwhile is told when they are back."""
    desk = Desk()
    await desk.use(800)

    async def find(*_: object) -> None:
        raise StoreError("away")

    with monkeypatch.context() as away:
        (await desk.enter()).settle(Usage(200, 0, UsageSource.UPSTREAM), 0)
        away.setattr(desk.house.store, "find", find)
        assert await desk.kinds() == [NEARLY]
    assert await desk.kinds() == [NEARLY, SPENT]


async def test_keys_without_a_budget_are_not_asked_about() -> None:
    """Nor those that nobody has used."""
    desk = Desk()
    desk.key = make_key(Limits(requests_per_minute=100))
    assert await desk.use(10_000) == []
    assert desk.house.quota.touched == set()
