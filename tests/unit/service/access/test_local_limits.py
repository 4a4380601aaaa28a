"""A node's share of the limits, while the counters of all nodes are away."""

from __future__ import annotations

from typing import Any

import pytest

from cursor_api.domain.errors import StoreAwayError
from cursor_api.domain.periods import Moment, Period, Span, Unit
from cursor_api.domain.quota import (
    NOTHING,
    Admitted,
    Budget,
    Claim,
    Counters,
    Limit,
    Limits,
    Refused,
    Spent,
    Unknown,
)
from cursor_api.ports.limits import Settlement
from cursor_api.service.access.local_limits import SHARE_WAIT_S, LocalWhenAway
from cursor_api.stores.memory_limits import MemoryLimitStore
from tests.fakes import StillClock

DAY, MONTH = Span("2025-06-01", 0.0, 1000.0), Span("2025-06", 0.0, 5000.0)
NOW = Moment(400.0, DAY, MONTH)
FRESH = Counters(day=DAY.name, period=MONTH.name)


class FickleStore(MemoryLimitStore):
    """The counters of all nodes; `is_away` makes all that waits for an answer fail."""

    def __init__(self, clock: StillClock) -> None:
        super().__init__(clock)
        self.is_away = False

    async def admit(self, claim: Claim) -> Admitted | Refused | Unknown:
        """When it is there."""
        self._check()
        return await super().admit(claim)

    async def seed(self, key_id: str, counters: Counters, age_s: float = 0.0) -> None:
        """When it is there."""
        self._check()
        await super().seed(key_id, counters, age_s)

    async def find(self, key_id: str, limits: Limits) -> Counters | Unknown:
        """When it is there."""
        self._check()
        return await super().find(key_id, limits)

    async def renew(self, key_id: str, request_ids: Any) -> None:
        """When it is there."""
        self._check()
        await super().renew(key_id, request_ids)

    def _check(self) -> None:
        if self.is_away:
            raise StoreAwayError("away")


class House:
    """One of three nodes."""

    def __init__(self) -> None:
        self.clock = StillClock()
        self.shared = FickleStore(self.clock)
        self.store = LocalWhenAway(self.shared, lambda: MemoryLimitStore(self.clock), lambda: 3)

    async def count_let_in(self, limits: Limits, reserved: Spent = NOTHING, stem: str = "r") -> int:
        """Of a hundred."""
        decisions = [
            await self.store.admit(claim(f"{stem}{number}", limits, reserved))
            for number in range(100)
        ]
        return sum(isinstance(one, Admitted) for one in decisions)


def claim(request_id: str, limits: Limits, reserved: Spent = NOTHING) -> Claim:
    """One of alice's."""
    return Claim("alice", request_id, limits, reserved, NOW)


@pytest.fixture
def house() -> House:
    """All is well."""
    return House()


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        (Limits(requests_per_minute=30), 10),
        (Limits(tokens_per_minute=300), 10),
        (Limits(concurrent_max=30), 10),
        (Limits(concurrent_max=2), 1),
        (Limits(requests_per_day=70), 20),
        (Limits(tokens_per_day=700), 20),
        (Limits(budget=Budget(170, Unit.NANO_DOLLARS, Period.MONTH)), 50),
        (Limits(budget=Budget(700, Unit.TOKENS, Period.MONTH)), 20),
    ],
)
async def test_each_node_has_its_share_of_what_is_left(
    house: House, limits: Limits, expected: int
) -> None:
    """Ten requests, a hundred tokens and twenty nano-dollars were used before."""
    house.shared.is_away = True
    await house.store.seed("alice", FRESH.add(Spent(100, 20), 10))
    assert await house.count_let_in(limits, Spent(10, 1)) == expected


async def test_while_the_counters_are_there_nothing_is_shared_out(house: House) -> None:
    """Nor is anything counted twice."""
    assert await house.count_let_in(Limits(requests_per_minute=30)) == 30
    assert repr(house.store) == "LocalWhenAway(is_local=False, held=0)"


async def test_whoever_was_let_in_here_is_settled_here(house: House) -> None:
    """Its place comes free, though the counters of all are back."""
    limits = Limits(concurrent_max=3)
    house.shared.is_away = True
    assert isinstance(await house.store.admit(claim("r", limits)), Admitted)
    await house.store.renew("alice", ["r"])
    assert isinstance(await house.store.admit(claim("s", limits)), Refused)
    house.store.settle(Settlement("alice", "r", NOTHING, None))
    assert isinstance(await house.store.admit(claim("s", limits)), Admitted)
    house.shared.is_away = False
    await house.store.renew("alice", ["s", "other"])
    house.store.settle(Settlement("alice", "s", NOTHING, None))
    assert await house.count_let_in(limits) == 3


async def test_when_they_are_back_they_are_told_what_was_used(house: House) -> None:
    """By the records, as after a restart: what was counted here is in them."""
    limits = Limits(requests_per_day=100)
    await house.store.seed("alice", FRESH)
    house.shared.is_away = True
    assert await house.store.find("alice", limits) == Unknown()
    assert await house.store.admit(claim("r", limits)) == Unknown()
    await house.store.seed("alice", FRESH)
    assert isinstance(await house.store.admit(claim("r", limits)), Admitted)
    house.shared.is_away = False
    assert await house.store.admit(claim("s", limits)) == Unknown()
    await house.store.seed("alice", FRESH.add(NOTHING, 1))
    assert isinstance(await house.store.admit(claim("s", limits)), Admitted)
    counters = await house.store.find("alice", limits)
    assert isinstance(counters, Counters)
    assert counters.day_request_count == 2


async def test_more_than_a_share_is_a_wait(house: House) -> None:
    """It may well be within the limit."""
    house.shared.is_away = True
    decision = await house.store.admit(claim("r", Limits(tokens_per_minute=300), Spent(200, 0)))
    assert decision == Refused(Limit.TOKENS_PER_MINUTE, SHARE_WAIT_S)


async def test_what_is_to_be_told_anew_is_so_in_both(house: House) -> None:
    """A key with other limits."""
    limits = Limits(requests_per_day=100)
    house.shared.is_away = True
    await house.store.seed("alice", FRESH)
    await house.store.forget("alice")
    assert await house.store.admit(claim("r", limits)) == Unknown()
