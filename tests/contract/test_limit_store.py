"""What every store of counters promises: no limit is passed, and nothing is counted twice.

A further store joins with one entry in `make`. Time that has to pass is short, as a store that is
a server has a clock of its own.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, NamedTuple

import pytest

from cursor_api.domain.credential import Secret
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
from cursor_api.ports.limits import LimitStore, Settlement
from cursor_api.stores.memory_limits import MemoryLimitStore
from cursor_api.stores.redis import link
from cursor_api.stores.redis.shared import RedisShared
from tests.fakes import ListObserver, StillClock
from tests.redis_server import RedisServer, redis_server

Make = Callable[[], AbstractAsyncContextManager["Stage"]]

LEASE_S = 0.3
DAY, MONTH = Span("2025-06-01", 0.0, 1000.0), Span("2025-06", 0.0, 5000.0)
NOW = Moment(400.0, DAY, MONTH)
FRESH = Counters(day=DAY.name, period=MONTH.name)
ROOM = 50


class Stage(NamedTuple):
    """An empty store, how time passes for it, in seconds, and how many requests it is asked for."""

    store: LimitStore
    pass_time: Callable[[float], Coroutine[Any, Any, None]]
    mixed_count: int = 10_000


@asynccontextmanager
async def memory() -> AsyncIterator[Stage]:
    """With a clock that is set by hand."""
    clock = StillClock()

    async def pass_time(seconds: float) -> None:
        clock.seconds += seconds

    yield Stage(MemoryLimitStore(clock, LEASE_S), pass_time)


@asynccontextmanager
async def redis(server: RedisServer) -> AsyncIterator[Stage]:
    """In a server that holds nothing yet."""
    server.ask("FLUSHALL")
    async with RedisShared(Secret(server.url), ListObserver(), LEASE_S) as shared:
        # A fifth: a server takes ten times as long. MIXED=10000 asks for all.
        yield Stage(shared.limits, asyncio.sleep, int(os.environ.get("MIXED", "2000")))


@pytest.fixture(scope="module", params=["memory", "redis", "valkey"])
def make(request: pytest.FixtureRequest) -> Iterator[Make]:
    """How to make an empty one of each kind."""
    if request.param == "memory":
        yield memory
        return
    with redis_server(kind=request.param) as server, pytest.MonkeyPatch.context() as patch:
        # On a busy machine an answer may take long; that is told elsewhere.
        patch.setattr(link, "ANSWER_S", 10.0)
        yield lambda: redis(server)


@pytest.fixture
async def stage(make: Make) -> AsyncIterator[Stage]:
    """Each of them."""
    async with make() as stage:
        yield stage


def _budget(amount: int, unit: Unit) -> Limits:
    return Limits(budget=Budget(amount, unit, Period.MONTH))


# Each with room for 50 requests that reserve 100 tokens and 7 nano-dollars.
KINDS = {
    Limit.REQUESTS_PER_MINUTE: Limits(requests_per_minute=ROOM),
    Limit.TOKENS_PER_MINUTE: Limits(tokens_per_minute=100 * ROOM),
    Limit.REQUESTS_PER_DAY: Limits(requests_per_day=ROOM),
    Limit.TOKENS_PER_DAY: Limits(tokens_per_day=100 * ROOM + 99),
    Limit.CONCURRENT: Limits(concurrent_max=ROOM),
    Limit.BUDGET: _budget(7 * ROOM + 6, Unit.NANO_DOLLARS),
}
ALL_AT_ONCE = Limits(
    requests_per_minute=1000,
    tokens_per_minute=100_000,
    requests_per_day=1000,
    tokens_per_day=100_000,
    concurrent_max=1000,
    budget=Budget(7000, Unit.NANO_DOLLARS, Period.MONTH),
)


def _claim(request_id: str, limits: Limits, reserved: Spent = Spent(100, 7)) -> Claim:  # noqa: B008
    return Claim("alice", request_id, limits, reserved, NOW)


def _settlement(request_id: str, spent: Spent, limits: Limits = ALL_AT_ONCE) -> Settlement:
    return Settlement("alice", request_id, spent, limits.tokens_per_minute)


async def _counters(store: LimitStore) -> Counters:
    found = await store.find("alice", ALL_AT_ONCE)
    assert isinstance(found, Counters)
    return found


def _lasting(counters: Counters) -> tuple[int, int, int, int]:
    return (
        counters.day_request_count,
        counters.day_token_count,
        counters.period_token_count,
        counters.period_cost_nano,
    )


@pytest.mark.parametrize("limit", KINDS)
async def test_of_200_at_once_with_room_for_50_just_50_are_let_in(
    stage: Stage, limit: Limit
) -> None:
    """For each kind of limit; the others are told which it is."""
    store = stage.store
    await store.seed("alice", FRESH)
    claims = [_claim(f"r{number}", KINDS[limit]) for number in range(200)]
    decisions = await asyncio.gather(*map(store.admit, claims))
    assert sum(isinstance(one, Admitted) for one in decisions) == ROOM
    refused = [one for one in decisions if isinstance(one, Refused)]
    assert {one.limit for one in refused} == {limit}
    assert all(one.wait_s for one in refused)


@pytest.mark.parametrize("limit", KINDS)
async def test_a_refusal_counts_nothing(stage: Stage, limit: Limit) -> None:
    """Not in the limit that refused, and not in any of the others."""
    store = stage.store
    await store.seed("alice", FRESH)
    await store.admit(_claim("first", ALL_AT_ONCE))
    before = await _counters(store)
    kinds: dict[Limit, dict[str, Any]] = {
        Limit.REQUESTS_PER_MINUTE: {"requests_per_minute": 1},
        Limit.TOKENS_PER_MINUTE: {"tokens_per_minute": 150},
        Limit.REQUESTS_PER_DAY: {"requests_per_day": 1},
        Limit.TOKENS_PER_DAY: {"tokens_per_day": 150},
        Limit.CONCURRENT: {"concurrent_max": 1},
        Limit.BUDGET: {"budget": Budget(10, Unit.NANO_DOLLARS, Period.MONTH)},
    }
    tight = kinds[limit]
    names = ("requests_per_day", "tokens_per_day", "budget")
    limits = Limits(**{name: getattr(ALL_AT_ONCE, name) for name in names} | tight)
    refused = await store.admit(_claim("second", limits))
    assert isinstance(refused, Refused)
    assert refused.limit is limit
    after = await _counters(store)
    assert _lasting(after) == _lasting(before)
    assert after.requests.taken <= before.requests.taken
    assert after.tokens.taken <= before.tokens.taken
    # It holds no place either.
    store.settle(_settlement("second", Spent(10**6, 10**6)))
    assert _lasting(await _counters(store)) == _lasting(before)


async def test_the_same_request_is_counted_once(stage: Stage) -> None:
    """Asked again, before a full limit too: an answer that was lost may be asked for again."""
    store, limits = stage.store, Limits(requests_per_day=1, concurrent_max=1)
    await store.seed("alice", FRESH)
    for _ in range(3):
        assert isinstance(await store.admit(_claim("r", limits)), Admitted)
    assert _lasting(await _counters(store)) == (1, 100, 100, 7)
    assert isinstance(await store.admit(_claim("other", limits)), Refused)


async def test_what_was_used_is_counted_once(stage: Stage) -> None:
    """Settled again it changes nothing, whatever is said then; a stranger's neither."""
    store = stage.store
    await store.seed("alice", FRESH)
    await store.admit(_claim("r", ALL_AT_ONCE))
    store.settle(_settlement("r", Spent(30, 2)))
    store.settle(_settlement("r", Spent(5000, 900)))
    store.settle(_settlement("never", Spent(5000, 900)))
    store.settle(Settlement("nobody", "r", Spent(5000, 900), None))
    assert _lasting(await _counters(store)) == (1, 30, 30, 2)


async def test_more_than_was_reserved_counts_too(stage: Stage) -> None:
    """The limit is passed by what was not foreseen, and the next one waits for it."""
    store, limits = stage.store, Limits(tokens_per_day=150)
    await store.seed("alice", FRESH)
    await store.admit(_claim("r", limits))
    store.settle(_settlement("r", Spent(400, 0), limits))
    assert _lasting(await _counters(store))[:2] == (1, 400)
    assert isinstance(await store.admit(_claim("s", limits, Spent(1, 0))), Refused)


async def test_a_place_is_free_again_when_its_request_ends(stage: Stage) -> None:
    """A place, and not a request of the day."""
    store, limits = stage.store, Limits(concurrent_max=1)
    for number in range(3):
        assert isinstance(await store.admit(_claim(f"r{number}", limits)), Admitted)
        assert await store.admit(_claim("other", limits)) == Refused(Limit.CONCURRENT, 1.0)
        store.settle(_settlement(f"r{number}", NOTHING, limits))


async def test_a_place_that_nobody_renews_comes_free(stage: Stage) -> None:
    """What its request reserved stays counted, and is still settled if it lives after all."""
    store, limits = stage.store, Limits(concurrent_max=1)
    await store.seed("alice", FRESH)
    await store.admit(_claim("dead", limits))
    await stage.pass_time(LEASE_S + 0.05)
    assert isinstance(await store.admit(_claim("next", limits)), Admitted)
    assert _lasting(await _counters(store))[:2] == (2, 200)
    store.settle(_settlement("dead", Spent(1, 1), limits))
    assert _lasting(await _counters(store)) == (2, 101, 101, 8)
    assert isinstance(await store.admit(_claim("third", limits)), Refused)


async def test_a_place_that_is_renewed_is_kept(stage: Stage) -> None:
    """However long its answer takes; what is over is not revived."""
    store, limits = stage.store, Limits(concurrent_max=1)
    await store.admit(_claim("long", limits))
    for _ in range(2):
        await stage.pass_time(LEASE_S * 2 / 3)
        await store.renew("alice", ["long", "never"])
    assert isinstance(await store.admit(_claim("next", limits)), Refused)
    store.settle(_settlement("long", NOTHING, limits))
    await store.renew("alice", ["long"])
    await store.renew("nobody", ["long"])
    assert isinstance(await store.admit(_claim("next", limits)), Admitted)


async def test_a_minute_fills_again(stage: Stage) -> None:
    """As much at once as the limit; then evenly: of 60,000 a minute, one each millisecond."""
    store, limits = stage.store, Limits(tokens_per_minute=60_000)
    assert isinstance(await store.admit(_claim("all", limits, Spent(60_000, 0))), Admitted)
    refused = await store.admit(_claim("next", limits, Spent(50, 0)))
    assert isinstance(refused, Refused)
    assert refused.wait_s is not None
    assert 0 < refused.wait_s <= 0.05
    await stage.pass_time(refused.wait_s + 0.001)
    assert isinstance(await store.admit(_claim("next", limits, Spent(50, 0))), Admitted)


async def test_a_key_with_lasting_limits_is_seeded_first(stage: Stage) -> None:
    """Once: what is known is not added to."""
    store, limits = stage.store, Limits(requests_per_day=10, tokens_per_day=1000)
    assert await store.find("alice", limits) == Unknown()
    assert await store.admit(_claim("r", limits)) == Unknown()
    used = FRESH.add(Spent(850, 3), 4)
    await store.seed("alice", used)
    await store.seed("alice", used)
    assert isinstance(await store.admit(_claim("r", limits)), Admitted)
    await store.seed("alice", used)
    assert _lasting(await _counters(store)) == (5, 950, 950, 10)
    assert isinstance(await store.admit(_claim("s", limits)), Refused)


async def test_a_key_without_lasting_limits_begins_at_nothing(stage: Stage) -> None:
    """A minute is over soon: nobody has to be asked what it had."""
    limits = Limits(requests_per_minute=2, concurrent_max=2)
    counters = await stage.store.find("alice", limits)
    assert isinstance(counters, Counters)
    assert _lasting(counters) == (0, 0, 0, 0)
    assert isinstance(await stage.store.admit(_claim("r", limits)), Admitted)


async def test_what_is_left_is_what_is_left_now(stage: Stage) -> None:
    """The bucket fills without anybody asking for more."""
    store, limits = stage.store, Limits(tokens_per_minute=60_000)
    await store.admit(_claim("r", limits, Spent(50, 0)))
    before = await store.find("alice", limits)
    await stage.pass_time(0.06)
    after = await store.find("alice", limits)
    assert isinstance(before, Counters)
    assert isinstance(after, Counters)
    assert before.tokens.taken > 0
    assert after.tokens.taken == 0


async def test_what_is_forgotten_is_seeded_with_what_is_held(stage: Stage) -> None:
    """Another budget, another zone: what is under way is settled in the new period."""
    store = stage.store
    await store.seed("alice", FRESH)
    await store.admit(_claim("r", ALL_AT_ONCE))
    await store.forget("alice")
    await store.forget("nobody")
    assert await store.admit(_claim("s", ALL_AT_ONCE)) == Unknown()
    week = Counters(day="2025-06-02", period="2025-W23").add(Spent(1000, 40), 3)
    await store.seed("alice", week)
    assert _lasting(await _counters(store)) == (4, 1100, 1100, 47)
    store.settle(_settlement("r", Spent(10, 1)))
    counters = await _counters(store)
    assert _lasting(counters) == (4, 1010, 1010, 41)
    assert (counters.day, counters.period) == ("2025-06-02", "2025-W23")


async def test_only_what_was_seeded_of_late_can_be_forgotten(stage: Stage) -> None:
    """What has come into the records since then was not among what they told."""
    store = stage.store
    await store.seed("alice", FRESH)
    await stage.pass_time(0.2)
    await store.forget("alice", 0.1)
    assert isinstance(await store.admit(_claim("r", ALL_AT_ONCE)), Admitted)
    await store.forget("alice", 9.0)
    await store.seed("alice", FRESH, 9.0)
    assert await store.admit(_claim("s", ALL_AT_ONCE)) == Unknown()


async def test_an_answer_over_midnight_is_yesterdays(stage: Stage) -> None:
    """It is settled in the day in which it reserved; the month goes on, and a new day is empty."""
    store = stage.store
    await store.seed("alice", FRESH)
    await store.admit(_claim("late", ALL_AT_ONCE))
    tomorrow = NOW._replace(day=Span("2025-06-02", 1000.0, 2000.0))
    early = _claim("early", ALL_AT_ONCE)._replace(moment=tomorrow)
    assert isinstance(await store.admit(early), Admitted)
    assert _lasting(await _counters(store)) == (1, 100, 200, 14)
    store.settle(_settlement("late", Spent(1, 2)))
    assert _lasting(await _counters(store)) == (1, 100, 101, 9)


async def test_a_clock_that_is_behind_counts_in_the_day_that_has_begun(stage: Stage) -> None:
    """Of two nodes at midnight: what is reserved there is settled there."""
    store = stage.store
    await store.seed("alice", Counters(day="2025-06-02", period="2025-07"))
    await store.admit(_claim("behind", ALL_AT_ONCE))
    store.settle(_settlement("behind", Spent(1, 2)))
    assert _lasting(await _counters(store)) == (1, 1, 1, 2)


async def test_keys_do_not_count_for_each_other(stage: Stage) -> None:
    """Two people with the same limit have it twice."""
    store, limits = stage.store, Limits(requests_per_minute=1)
    assert isinstance(await store.admit(_claim("r", limits)), Admitted)
    other = Claim("bob", "r", limits, NOTHING, NOW)
    assert isinstance(await store.admit(other), Admitted)
    assert isinstance(await store.admit(other._replace(request_id="s")), Refused)


async def test_after_many_mixed_requests_the_counters_are_the_ledger(stage: Stage) -> None:
    """Answers, failures, departures, and what was asked or told twice: all is counted once."""
    store, choose, count = stage.store, random.Random(7), stage.mixed_count
    limits = Limits(
        requests_per_day=count * 9 // 10, tokens_per_day=15_000_000, concurrent_max=80,
        budget=Budget(10**12, Unit.NANO_DOLLARS, Period.MONTH),
    )  # fmt: skip
    await store.seed("alice", FRESH)
    ledger: list[Spent] = []

    async def request(number: int) -> None:
        reserved = Spent(choose.randint(1, 4000), choose.randint(1, 10**6))
        claim = _claim(f"r{number}", limits, reserved)
        decision = await store.admit(claim)
        if choose.random() < 0.1:
            # Who was refused may fit meanwhile.
            again = await store.admit(claim)
            assert isinstance(again, Admitted) or isinstance(decision, Refused)
            decision = again
        await asyncio.sleep(0)
        spent = choose.choice(
            (NOTHING, reserved, Spent(choose.randint(0, 5000), choose.randint(0, 2 * 10**6)))
        )
        for _ in range(choose.choice((1, 1, 1, 2))):
            store.settle(_settlement(f"r{number}", spent, limits))
        if isinstance(decision, Admitted):
            ledger.append(spent)

    for start in range(0, count, 100):
        await asyncio.gather(*(request(number) for number in range(start, start + 100)))
    tokens_count = sum(one.tokens_count for one in ledger)
    cost_nano = sum(one.cost_nano for one in ledger)
    assert len(ledger) < count
    counters = await _counters(store)
    assert _lasting(counters) == (len(ledger), tokens_count, tokens_count, cost_nano)
    # No place is held any more.
    claims = [_claim(f"last{number}", Limits(concurrent_max=80), NOTHING) for number in range(81)]
    decisions = await asyncio.gather(*map(store.admit, claims))
    assert sum(isinstance(one, Admitted) for one in decisions) == 80
