"""Requests of API keys are let in, counted and settled."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from cursor_api.domain.api_key import ApiKey
from cursor_api.domain.caller import Caller
from cursor_api.domain.catalog import Route
from cursor_api.domain.chat import ChatRequest, Incoming, Parameters, Sampling
from cursor_api.domain.content import Message, Role, Text
from cursor_api.domain.deltas import Usage, UsageSource
from cursor_api.domain.errors import Fault, FaultKind, StoreAwayError, StoreError
from cursor_api.domain.periods import Moment, Period, Unit
from cursor_api.domain.price import Price, PriceList
from cursor_api.domain.quota import (
    NO_LIMITS,
    Admitted,
    Budget,
    Claim,
    Counters,
    Limits,
    Refused,
    Unknown,
)
from cursor_api.ports.limits import Settlement
from cursor_api.service.access.quota import Hold, LimitReachedError, Quota, QuotaParts
from cursor_api.stores.memory_limits import MemoryLimitStore
from tests.fakes import ListObserver, StillClock

ROUTES = {"m": [Route("one", "m")], "free": [Route("one", "m"), Route("two", "free")]}
# One nano-dollar for a token of input, two for one of output.
PRICE = Price("m", dt.date(1970, 1, 1), 1_000_000, 2_000_000, "test")
ANSWER = Usage(10, 20, UsageSource.UPSTREAM)


class House:
    """A quota over counters in memory, with a clock and records in hand."""

    def __init__(self) -> None:
        self.clock = StillClock()
        self.observer = ListObserver()
        self.used = Counters()
        self.asked_count = 0
        self.error: StoreError | None = None
        self.store = MemoryLimitStore(self.clock, 30.0)
        self.parts = QuotaParts(
            self.store,
            self._find_used,
            self._resolve,
            PriceList([PRICE]).find,
            self.clock,
            self.observer,
        )
        self.quota = Quota(self.parts)

    async def _find_used(self, _key: ApiKey, moment: Moment) -> Counters:
        self.asked_count += 1
        await asyncio.sleep(0)
        if self.error is not None:
            raise self.error
        return self.used.on(moment)._replace(
            day_request_count=self.used.day_request_count,
            day_token_count=self.used.day_token_count,
        )

    def _resolve(self, model: str) -> Sequence[Route]:
        if model not in ROUTES:
            raise Fault(FaultKind.MODEL_NOT_FOUND, "no such model")
        return ROUTES[model]

    async def enter(self, limits: Limits, request_id: str = "r", model: str = "m") -> Hold:
        """A request of 100 tokens that bounds its answer to 50, which is let in."""
        key = make_key(limits)
        hold = await self.quota.enter(make_incoming(key, request_id, model), 100)
        assert hold is not None
        return hold

    async def refuse(self, limits: Limits, request_id: str = "s", model: str = "m") -> Fault:
        """The same, which is not."""
        with pytest.raises(Fault) as caught:
            await self.quota.enter(make_incoming(make_key(limits), request_id, model), 100)
        return caught.value


class AwayLimitStore(MemoryLimitStore):
    """One that cannot be reached; what is told of the ends of requests is in `settled`."""

    def __init__(self, clock: StillClock) -> None:
        super().__init__(clock)
        self.settled: list[str] = []

    async def admit(self, _claim: Claim) -> Admitted | Refused | Unknown:
        """Nobody answers."""
        raise StoreAwayError("away")

    async def find(self, _key_id: str, _limits: Limits) -> Counters | Unknown:
        """Nobody answers."""
        raise StoreAwayError("away")

    def settle(self, settlement: Settlement) -> None:
        """Kept for later."""
        self.settled.append(settlement.request_id)


def make_key(limits: Limits, models: tuple[str, ...] = ()) -> ApiKey:
    """One with these limits."""
    return ApiKey("alice", b"d", "h", "Alice", 0.0, limits=limits, models=models)


def make_incoming(
    key: ApiKey | None, request_id: str = "r", model: str = "m", answers_count: int = 1
) -> Incoming:
    """A request that bounds each answer to 50 tokens."""
    chat = ChatRequest(
        model,
        (Message(Role.USER, (Text("hello"),)),),
        is_stream=False,
        parameters=Parameters(sampling=Sampling(output_count_max=50), answers_count=answers_count),
    )
    return Incoming(request_id, chat, Caller("alice", key=key))


def _budget(amount: int, unit: Unit) -> Limits:
    return Limits(budget=Budget(amount, unit, Period.MONTH))


@pytest.fixture
def house() -> House:
    """Nothing used yet."""
    return House()


async def test_who_has_no_limits_passes_without_a_counter(house: House) -> None:
    """Nor is anything kept of it."""
    assert await house.quota.enter(make_incoming(None), 100) is None
    assert await house.quota.enter(make_incoming(make_key(NO_LIMITS)), 100) is None
    assert repr(house.store) == "MemoryLimitStore(keys=0, held=0)"
    assert house.asked_count == 0


async def test_a_model_that_is_not_on_the_list_is_refused(house: House) -> None:
    """By the name that the request gives, before anything is counted."""
    key = make_key(Limits(requests_per_minute=1), models=("gpt-*",))
    with pytest.raises(Fault, match="may not use the model 'm'") as caught:
        await house.quota.enter(make_incoming(key), 100)
    assert (caught.value.kind, caught.value.param) == (FaultKind.MODEL_NOT_ALLOWED, "model")
    assert repr(house.store) == "MemoryLimitStore(keys=0, held=0)"


async def test_what_was_used_takes_the_place_of_what_was_reserved(house: House) -> None:
    """150 tokens are reserved and 30 used; what is told twice counts once."""
    limits = Limits(tokens_per_day=1000)
    hold = await house.enter(limits)
    assert hold.standing.tokens is not None
    assert hold.standing.tokens.left_count == 850
    for _ in range(2):
        hold.settle(ANSWER, None)
    left = (await house.quota.stand(make_key(limits))).tokens
    assert left is not None
    assert left.left_count == 970
    assert repr(house.quota) == "Quota(keys=0, requests=0)"


async def test_each_of_several_answers_is_reserved(house: House) -> None:
    """100 of input, and three times 50: or one request with `n` could use what many may not."""
    limits = Limits(tokens_per_day=1000)
    hold = await house.quota.enter(make_incoming(make_key(limits), answers_count=3), 100)
    assert hold is not None
    assert hold.standing.tokens is not None
    assert hold.standing.tokens.left_count == 750


async def test_a_failure_uses_nothing_but_its_request(house: House) -> None:
    """It was one of the day all the same."""
    limits = Limits(tokens_per_day=1000, requests_per_day=2)
    (await house.enter(limits)).settle(None, None)
    standing = await house.quota.stand(make_key(limits))
    assert [one.left_count for one in standing.lefts] == [1, 1000]


async def test_what_is_reserved_is_what_the_price_says(house: House) -> None:
    """100 of input at one, 50 of output at two."""
    limits = _budget(300, Unit.NANO_DOLLARS)
    hold = await house.enter(limits)
    assert (await house.refuse(limits)).kind is FaultKind.KEY_BUDGET_SPENT
    hold.settle(ANSWER, 50)
    assert (await house.quota.stand(make_key(limits))).lefts[0].left_count == 250


async def test_a_budget_of_money_buys_no_unpriced_model(house: House) -> None:
    """One way without a price is enough: it may be the one that answers."""
    limits = _budget(10**12, Unit.NANO_DOLLARS)
    fault = await house.refuse(limits, model="free")
    assert (fault.kind, fault.code) == (FaultKind.MODEL_NOT_ALLOWED, "model_not_priced")
    # What nobody serves is refused where it is looked for.
    (await house.enter(limits, model="none")).settle(None, None)
    (await house.enter(_budget(10**6, Unit.TOKENS), model="free")).settle(None, None)


@pytest.mark.parametrize(
    ("limits", "kind", "words", "wait_s"),
    [
        (
            Limits(requests_per_minute=1),
            FaultKind.KEY_LIMIT_REACHED,
            "reached its limit of 1 requests a minute",
            60.0,
        ),
        (
            Limits(tokens_per_minute=160),
            FaultKind.KEY_LIMIT_REACHED,
            "reached its limit of 160 tokens a minute",
            52.5,
        ),
        (
            Limits(concurrent_max=1),
            FaultKind.KEY_LIMIT_REACHED,
            "reached its limit of 1 requests at once",
            1.0,
        ),
        (
            Limits(requests_per_day=1),
            FaultKind.KEY_LIMIT_REACHED,
            "reached its limit of 1 requests a day",
            81_400.0,
        ),
        (
            Limits(tokens_per_minute=149),
            FaultKind.KEY_LIMIT_TOO_SMALL,
            "may use up to 150 tokens, which is more than the limit of this API key, 149 tokens a",
            None,
        ),
        (
            _budget(151, Unit.TOKENS),
            FaultKind.KEY_BUDGET_SPENT,
            "reached its limit of 151 tokens a month",
            None,
        ),
        (
            _budget(149, Unit.NANO_DOLLARS),
            FaultKind.KEY_BUDGET_SPENT,
            "more than the limit of this API key, $0.00 a month",
            None,
        ),
    ],
)
async def test_a_refusal_says_which_limit_and_when(
    house: House, limits: Limits, kind: FaultKind, words: str, wait_s: float | None
) -> None:
    """With what is left of all of them."""
    if kind is not FaultKind.KEY_LIMIT_TOO_SMALL and "more than" not in words:
        await house.enter(limits)
    fault = await house.refuse(limits)
    assert (fault.kind, fault.retry_after_s) == (kind, wait_s)
    assert words in fault.message
    assert isinstance(fault, LimitReachedError)
    assert fault.standing == await house.quota.stand(make_key(limits))


async def test_counters_begin_with_what_the_records_say(house: House) -> None:
    """Of 200 that come at once after a restart, one asks them; the room that is left is exact."""
    house.used = Counters(day_request_count=950)
    limits = Limits(requests_per_day=1000)
    key = make_key(limits)
    entered = await asyncio.gather(
        *(house.quota.enter(make_incoming(key, str(number)), 1) for number in range(200)),
        return_exceptions=True,
    )
    assert sum(isinstance(one, Hold) for one in entered) == 50
    assert house.asked_count == 1


async def test_without_the_records_nothing_begins_at_nothing(house: House) -> None:
    """Who has limits that last comes back soon; the others are not held up."""
    house.error = StoreError("the disk is away")
    fault = await house.refuse(Limits(requests_per_day=5))
    assert (fault.kind, fault.retry_after_s) == (FaultKind.LIMITS_UNAVAILABLE, 1.0)
    assert house.observer.warnings[0][1] == {"key": "alice", "detail": "the disk is away"}
    with pytest.raises(Fault, match="not known"):
        await house.quota.stand(make_key(Limits(requests_per_day=5)))
    await house.enter(Limits(requests_per_minute=5))
    house.error = None
    await house.enter(Limits(requests_per_day=5), "later")
    # Told once, and again when it comes again.
    assert len(house.observer.warnings) == 1
    house.error = StoreError("the disk is away")
    await house.parts.store.forget("alice")
    await house.refuse(Limits(requests_per_day=5))
    assert len(house.observer.warnings) == 2


async def test_counters_that_are_away_are_a_wait(house: House) -> None:
    """For whom they count; what was told of the request meanwhile is taken back."""
    away = AwayLimitStore(house.clock)
    quota = Quota(replace(house.parts, store=away))
    key = make_key(Limits(requests_per_minute=5, requests_per_day=5))
    for call in (quota.enter(make_incoming(key), 100), quota.stand(key)):
        with pytest.raises(Fault) as raised:
            await call
        assert raised.value.kind is FaultKind.LIMITS_UNAVAILABLE
        assert raised.value.retry_after_s == 1.0
    assert await quota.peek(key) is None
    assert away.settled == ["r"]


async def test_who_leaves_while_it_is_decided_holds_nothing(house: House) -> None:
    """What may have been counted is given back."""
    key = make_key(Limits(requests_per_day=5, concurrent_max=1))
    task = asyncio.create_task(house.quota.enter(make_incoming(key), 100))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert repr(house.store) == "MemoryLimitStore(keys=1, held=0)"
    await house.enter(key.limits, "next")


async def test_a_request_that_asks_again_is_the_same(house: House) -> None:
    """It holds one place."""
    limits = Limits(concurrent_max=1)
    first = await house.enter(limits)
    again = await house.enter(limits)
    first.settle(None, None)
    again.settle(None, None)
    await house.enter(limits, "next")


async def test_places_are_renewed_while_requests_last(house: House) -> None:
    """An answer of an hour keeps its place."""
    limits = Limits(concurrent_max=1)
    await house.enter(limits)
    watching = asyncio.create_task(house.quota.watch(0.0))
    for _ in range(4):
        house.clock.seconds += 20
        for _ in range(5):
            await asyncio.sleep(0)
    watching.cancel()
    assert (await house.refuse(limits)).kind is FaultKind.KEY_LIMIT_REACHED


async def test_a_look_asks_nobody(house: House) -> None:
    """A list of ten thousand keys does not ask the records ten thousand times."""
    key = make_key(Limits(requests_per_day=10))
    assert await house.quota.peek(key) is None
    assert house.asked_count == 0
    await house.enter(key.limits)
    assert await house.quota.peek(key) == await house.quota.stand(key)


async def test_what_is_left_is_told_of_a_key_that_never_asked(house: House) -> None:
    """All of it; and nothing of a key without limits."""
    house.used = Counters(day_request_count=3)
    standing = await house.quota.stand(make_key(Limits(requests_per_day=10, concurrent_max=2)))
    assert [one.left_count for one in standing.lefts] == [7]
    assert (await house.quota.stand(replace(make_key(NO_LIMITS), id="bob"))).lefts == ()
