"""The relay and API keys: a request reserves before anybody is asked, and is billed once."""

from __future__ import annotations

import asyncio
import datetime as dt

import pytest

from cursor_api.domain.api_key import ApiKey
from cursor_api.domain.caller import Caller
from cursor_api.domain.catalog import Route
from cursor_api.domain.chat import ChatRequest, Incoming, Parameters, Sampling
from cursor_api.domain.content import Message, Role, Text
from cursor_api.domain.credential import Credential, Secret
from cursor_api.domain.deltas import (
    Delta,
    Finished,
    FinishReason,
    TextDelta,
    Usage,
    UsageSource,
)
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.domain.periods import Moment
from cursor_api.domain.price import Price, PriceList
from cursor_api.domain.quota import NO_LIMITS, Counters, Limits
from cursor_api.domain.record import RequestRecord, Status
from cursor_api.pool.pool import Pool
from cursor_api.service.access.quota import Quota, QuotaParts
from cursor_api.service.inference.relay import Relay
from cursor_api.service.inference.search import Collaborators
from cursor_api.stores.memory_limits import MemoryLimitStore
from tests.endpoints import FAKE, catalog_of, endpoints_of
from tests.fakes import ListLog, ListObserver, ScriptedUpstream, Step, StillClock

PRICE = Price("gpt-4o", dt.date(1970, 1, 1), 1_000_000, 2_000_000, "test")
PARAMETERS = Parameters(sampling=Sampling(output_count_max=100))
REQUEST = ChatRequest("gpt-4o", (Message(Role.USER, (Text("hi"),)),), parameters=PARAMETERS)
INPUT_COUNT = 5
LIMITS = Limits(tokens_per_day=1000, requests_per_day=10, concurrent_max=3)
REPORTED = Usage(7, 8, UsageSource.UPSTREAM)
END = Finished(FinishReason.STOP)


class House:
    """A relay with limits over a scripted upstream."""

    def __init__(self, *steps: Step, prices: PriceList | None = None) -> None:
        self.upstream = ScriptedUpstream({"a": list(steps)})
        self.log = ListLog()
        self.clock = StillClock()
        self.store = MemoryLimitStore(self.clock)
        self.prices = PriceList([PRICE]) if prices is None else prices
        catalog = catalog_of()
        pool = Pool(self.clock, lambda: 0.5)
        pool.put([Credential("a", Secret("a"), "sum", FAKE)])
        self.quota = Quota(
            QuotaParts(
                self.store,
                self._find_used,
                catalog.resolve,
                self.prices.find,
                self.clock,
                ListObserver(),
            )
        )
        self.relay = Relay(
            Collaborators(
                catalog,
                endpoints_of(self.upstream, pool),
                self.log,
                self.clock,
                lambda: 0.0,
                self.prices.find,
                self.quota,
            )
        )

    async def _find_used(self, _key: ApiKey, moment: Moment) -> Counters:
        return Counters().on(moment)

    def key(self, limits: Limits = LIMITS, models: tuple[str, ...] = ()) -> ApiKey:
        """Alice's."""
        return ApiKey("alice", b"d", "h", "Alice", 0.0, limits=limits, models=models)

    async def ask(self, key: ApiKey, request_id: str = "id-1") -> list[Delta]:
        """The whole answer."""
        incoming = Incoming(request_id, REQUEST, Caller(key.id, key=key))
        async with self.relay.open(incoming) as exchange:
            return [delta async for batch in exchange for delta in batch]

    async def used(self) -> tuple[int, int]:
        """Requests and tokens of the day; nothing is held."""
        assert repr(self.store) == "MemoryLimitStore(keys=1, held=0)"
        assert repr(self.quota) == "Quota(keys=0, requests=0)"
        counters = await self.store.find("alice", LIMITS)
        assert isinstance(counters, Counters)
        return counters.day_request_count, counters.day_token_count

    @property
    def record(self) -> RequestRecord:
        """The only one."""
        (record,) = self.log.records
        return record


async def test_an_answer_is_billed_what_the_upstream_counts() -> None:
    """The record says the same, with the price."""
    house = House([TextDelta("x"), Finished(FinishReason.STOP, REPORTED)])
    await house.ask(house.key())
    assert await house.used() == (1, 15)
    assert (house.record.usage, house.record.cost_nano) == (REPORTED, 7 + 16)
    assert house.record.caller == "alice"


async def test_an_estimate_where_nobody_counts() -> None:
    """Eight letters are two tokens."""
    house = House([TextDelta("12345678"), END])
    await house.ask(house.key())
    assert await house.used() == (1, INPUT_COUNT + 2)
    assert house.record.cost_nano == INPUT_COUNT + 4


async def test_without_a_price_the_cost_is_unknown() -> None:
    """It is never 0."""
    house = House([TextDelta("x"), Finished(FinishReason.STOP, REPORTED)], prices=PriceList())
    await house.ask(house.key())
    assert (await house.used(), house.record.cost_nano) == ((1, 15), None)


@pytest.mark.parametrize(
    "absurd",
    [
        Usage(-1_000_000, 1, UsageSource.UPSTREAM),
        Usage(1, -1, UsageSource.UPSTREAM),
        Usage(10**15, 1, UsageSource.UPSTREAM),
        Usage(1, 1, UsageSource.UPSTREAM, cache_read_count=-5),
    ],
)
async def test_figures_that_cannot_be_are_estimated(absurd: Usage) -> None:
    """Nobody gets tokens back; the caller and the record are told that it is an estimate."""
    house = House([TextDelta("1234"), Finished(FinishReason.STOP, absurd)])
    deltas = await house.ask(house.key())
    estimate = Usage(INPUT_COUNT, 1, UsageSource.ESTIMATED)
    assert deltas[-1] == Finished(FinishReason.STOP, estimate)
    assert house.record.usage == estimate
    assert await house.used() == (1, INPUT_COUNT + 1)


async def test_a_failure_before_any_text_costs_no_token() -> None:
    """A request of the day it was."""
    house = House(Fault(FaultKind.CREDENTIAL_REJECTED, "no"))
    with pytest.raises(Fault):
        await house.ask(house.key())
    assert await house.used() == (1, 0)
    assert (house.record.status, house.record.cost_nano) == (Status.FAILED, None)


async def test_an_answer_that_breaks_is_billed_what_it_gave() -> None:
    """And not the words of the error."""
    house = House([TextDelta("12345678")], Fault(FaultKind.UNREACHABLE, "x" * 4000))
    with pytest.raises(Fault):
        await house.ask(house.key())
    assert await house.used() == (1, INPUT_COUNT + 2)


@pytest.mark.parametrize("batch_count", [0, 1, 2, 3])
async def test_who_leaves_is_billed_what_was_given(batch_count: int) -> None:
    """Cut after every frame, before the first one too: somebody was asked for it."""
    house = House(*[[TextDelta("1234")]] * batch_count, asyncio.Event())
    seen: list[Delta] = []

    async def ask() -> None:
        incoming = Incoming("id-1", REQUEST, Caller("alice", key=house.key()))
        async with house.relay.open(incoming) as exchange:
            async for batch in exchange:
                seen.extend(batch)
                if len(seen) == batch_count:
                    await asyncio.Event().wait()

    task = asyncio.create_task(ask())
    for _ in range(30):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert len(seen) == batch_count
    assert await house.used() == (1, INPUT_COUNT + batch_count)
    assert house.record.status is Status.CANCELLED


async def test_a_refusal_asks_nobody_and_leaves_no_record() -> None:
    """It tells what is left."""
    house = House([TextDelta("x"), END])
    key = house.key(Limits(requests_per_day=1, tokens_per_day=1000))
    await house.ask(key)
    before = await house.used()
    exchange = house.relay.open(Incoming("id-2", REQUEST, Caller("alice", key=key)))
    with pytest.raises(Fault) as caught:
        await exchange.__aenter__()
    assert caught.value.kind is FaultKind.KEY_LIMIT_REACHED
    assert exchange.standing is not None
    assert exchange.standing.requests is not None
    assert exchange.standing.requests.left_count == 0
    assert (len(house.upstream.asked), len(house.log.records)) == (1, 1)
    assert await house.used() == before
    assert house.relay.active_count == 0


async def test_200_at_once_with_room_for_50() -> None:
    """Through the relay, with records that have to be asked first."""
    house = House([TextDelta("x"), Finished(FinishReason.STOP, REPORTED)])
    key = house.key(Limits(requests_per_day=50))
    answers = await asyncio.gather(
        *(house.ask(key, f"id-{number}") for number in range(200)), return_exceptions=True
    )
    assert sum(isinstance(one, list) for one in answers) == 50
    assert await house.used() == (50, 50 * 15)
    assert len(house.log.records) == 50


async def test_a_key_without_limits_is_not_counted() -> None:
    """Its requests have a record and a price like any other's."""
    house = House([TextDelta("x"), Finished(FinishReason.STOP, REPORTED)])
    await house.ask(house.key(NO_LIMITS))
    assert repr(house.store) == "MemoryLimitStore(keys=0, held=0)"
    assert house.record.cost_nano == 23


async def test_a_model_that_the_key_may_not_use_is_not_even_counted() -> None:
    """Neither answered nor counted for it."""
    house = House([TextDelta("x"), END])
    incoming = Incoming("id", REQUEST, Caller("alice", key=house.key(models=("claude-*",))))
    with pytest.raises(Fault, match="may not use"):
        await house.relay.count(incoming)
    with pytest.raises(Fault, match="may not use"):
        await house.relay.open(incoming).__aenter__()
    assert house.upstream.asked == []


async def test_the_price_is_that_of_the_route_that_answered() -> None:
    """By the upstream's own name there."""
    own = PRICE._replace(pattern=f"{FAKE}/gpt-4o", output_nano=3_000_000)
    prices = PriceList([PRICE, own])
    house = House([TextDelta("x"), Finished(FinishReason.STOP, REPORTED)], prices=prices)
    await house.ask(house.key())
    assert house.record.cost_nano == 7 + 24
    assert house.prices.find(Route(FAKE, "gpt-4o"), 0.0) == own
