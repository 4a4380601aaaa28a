"""The way to the commit point: who is asked, how often, and what is learnt of it."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager

import pytest

from cursor_api.domain.caller import Caller
from cursor_api.domain.catalog import Model, Route
from cursor_api.domain.chat import ChatRequest, Incoming
from cursor_api.domain.content import Message, Role, Text
from cursor_api.domain.credential import Credential, Secret
from cursor_api.domain.credential_health import Preferences
from cursor_api.domain.deltas import Delta, Finished, FinishReason, TextDelta
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.domain.record import Attempt
from cursor_api.domain.value import replace
from cursor_api.pool.breaker import Breaker, BreakerOptions, BreakerState
from cursor_api.pool.pool import Pool
from cursor_api.pool.selection import Policy
from cursor_api.ports.upstream import DeltaBatches
from cursor_api.service.inference.endpoints import TroubleOptions
from cursor_api.service.inference.failover import FailoverOptions
from cursor_api.service.inference.search import BegunAnswer, Collaborators, Search
from tests.endpoints import FAKE, WORDS, catalog_of, endpoints_of
from tests.fakes import (
    ListLog,
    ListObserver,
    ScriptedUpstream,
    Step,
    StillClock,
    TickingClock,
)

REQUEST = ChatRequest("gpt-4o", (Message(Role.USER, (Text("hi"),)),))
INCOMING = Incoming("id-1", REQUEST, Caller("operator"))
END = Finished(FinishReason.STOP)
HELLO: list[Step] = [[TextDelta("Hello"), END]]
DOWN = FaultKind.UPSTREAM_ERROR
SILENT = FaultKind.UPSTREAM_TIMEOUT


def fault(kind: FaultKind, retry_after_s: float | None = None) -> Fault:
    """A fault of a kind."""
    return Fault(kind, f"it was {kind.value}", retry_after_s=retry_after_s)


def fails(kind: FaultKind = DOWN) -> list[Step]:
    """An attempt that ends with a fault."""
    return [fault(kind)]


class RowUpstream(ScriptedUpstream):
    """Each attempt at a credential uses up one script of its row; the last one stays."""

    def __init__(self, rows: dict[str, list[list[Step]]]) -> None:
        super().__init__({})
        self.rows = rows

    def open(
        self, request: ChatRequest, route: Route, credential: Credential
    ) -> AbstractAsyncContextManager[DeltaBatches]:
        """Play the next script of this credential."""
        row = self.rows[credential.alias]
        self.script[credential.alias] = row.pop(0) if len(row) > 1 else row[0]
        return super().open(request, route, credential)


class Town:
    """A pool, an endpoint behind its breaker, and who asks."""

    clock_kind: type[TickingClock | StillClock] = TickingClock
    policy = Policy.ROUND_ROBIN

    def __init__(
        self,
        rows: dict[str, list[list[Step]]],
        failover: FailoverOptions | None = None,
        breaker: BreakerOptions | None = None,
    ) -> None:
        self.upstream = RowUpstream(rows)
        self.clock = self.clock_kind()
        self.pool = Pool(self.clock, lambda: 0.5, self.policy)
        self.pool.put([Credential(name, Secret(name), "sum") for name in rows])
        self.observer = ListObserver()
        options = TroubleOptions(failover or FailoverOptions(), breaker or BreakerOptions())
        self.endpoints = endpoints_of(self.upstream, self.pool, options, self.observer)
        self.endpoint = self.endpoints[FAKE]
        self.collaborators = Collaborators(
            catalog_of(),
            self.endpoints,
            ListLog(),
            self.clock,
            lambda: 0.0,
        )
        self.attempts: list[Attempt] = []

    @property
    def breaker(self) -> Breaker:
        """The one that tells how the endpoint stands."""
        return self.endpoint.breakers.standing(self.clock.seconds)

    async def ask(self, incoming: Incoming = INCOMING) -> list[Delta]:
        """The beginning of an answer; leases are whole afterwards."""
        self.attempts = []
        try:
            answer = await Search(self.collaborators, incoming, self.attempts).run()
            assert isinstance(answer, BegunAnswer)
            await answer.opened.__aexit__(None, None, None)
            answer.lease.settle()
            return list(answer.first)
        finally:
            assert self.pool.leased_count == 0
            assert self.upstream.closed == self.upstream.asked

    async def fail(self) -> Fault:
        """What a request ends with that cannot be answered."""
        with pytest.raises(Fault) as caught:
            await self.ask()
        return caught.value

    @property
    def asked(self) -> str:
        """Who was asked, in order; one letter each."""
        return "".join(self.upstream.asked)


async def test_a_failure_that_passes_is_not_seen() -> None:
    """500 once, with one credential: the same one is asked again after a moment."""
    town = Town({"a": [fails(), HELLO]})
    assert await town.ask() == [TextDelta("Hello"), END]
    assert town.asked == "aa"
    assert [attempt.fault for attempt in town.attempts] == [DOWN, None]
    assert all(attempt.duration_ms > 0 for attempt in town.attempts)
    assert town.pool.get_slot("a").failure_count == 0


async def test_a_limit_of_no_stated_length_is_told_with_the_pools_own() -> None:
    """Both rest for a while: whoever is back first is worth waiting for."""
    town = Town({name: [fails(FaultKind.RATE_LIMITED)] for name in "ab"})
    told = await town.fail()
    assert (told.kind, told.message) == (FaultKind.RATE_LIMITED, "it was rate_limited")
    back_at = [slot.cooldowns["gpt-4o"].until_at for slot in town.pool.slots]
    assert told.retry_after_s == pytest.approx(min(back_at) - town.clock.seconds, abs=5)
    town = Town({"a": [[fault(FaultKind.RATE_LIMITED, 7)]]})
    assert (await town.fail()).retry_after_s == 7


async def test_where_there_is_another_credential_it_is_asked_next() -> None:
    """And the first one again when all have been asked."""
    town = Town({"a": [fails()], "b": [fails(), HELLO]})
    assert (await town.fail()).kind is DOWN
    assert town.asked == "aba"


async def test_three_attempts_are_enough() -> None:
    """However many credentials there are: it is the endpoint that fails."""
    town = Town({name: [fails()] for name in "abcdef"})
    assert (await town.fail()).message == "it was upstream_error"
    assert town.asked == "abc"


async def test_refusals_do_not_use_up_the_attempts() -> None:
    """Two limited credentials, then a blip, then an answer."""
    limited = [fails(FaultKind.RATE_LIMITED)]
    town = Town({"a": limited, "b": limited, "c": [fails(), HELLO], "d": [HELLO]})
    await town.ask()
    assert town.asked == "abcd"


async def test_a_silent_credential_is_not_asked_twice_and_found_out() -> None:
    """Another one is answered, so it was not the endpoint: the silent one rests."""
    town = Town({"a": [fails(SILENT)], "b": [HELLO]})
    await town.ask()
    assert town.asked == "ab"
    assert town.pool.get_slot("a").cooldowns["gpt-4o"].cause == "credential_silent"
    await town.ask()
    assert town.asked == "abb"


async def test_where_all_are_silent_nobody_is_blamed() -> None:
    """It is the endpoint; with one credential there is not even a second attempt."""
    town = Town({"a": [fails(SILENT)], "b": [fails(SILENT)]})
    assert (await town.fail()).kind is SILENT
    assert town.asked == "ab"
    assert not any(slot.cooldowns for slot in town.pool.slots)
    alone = Town({"a": [fails(SILENT)]})
    for _ in range(4):
        assert (await alone.fail()).kind is SILENT
    assert alone.asked == "aaaa"
    # A switch that could not be made has cost nothing.
    assert alone.endpoint.budget.has_one


async def test_in_an_outage_attempts_stay_below_a_fifth_more_than_requests() -> None:
    """Also without the breaker: 100 requests, 300 attempts wanted, 120 and the reserve made."""
    town = Town({"a": [fails()]}, breaker=BreakerOptions(failure_count=0))
    town.endpoint.failover = FailoverOptions(attempt_count_max=3)
    for _ in range(100):
        assert (await town.fail()).kind is DOWN
    assert len(town.upstream.asked) == 122


async def test_the_breaker_ends_asking_and_a_probe_begins_it_again() -> None:
    """Five failures; then refused without asking; then one request finds out."""
    town = Town({"a": [*[fails()] * 5, HELLO]}, breaker=BreakerOptions(5, 1000))
    while town.breaker.state(town.clock.now()) is BreakerState.CLOSED:
        assert (await town.fail()).kind is DOWN
    assert town.asked == "aaaaa"
    refused = await town.fail()
    assert refused.kind is FaultKind.UPSTREAM_UNAVAILABLE
    assert refused.retry_after_s is not None
    assert town.attempts == []
    assert town.asked == "aaaaa"
    town.clock.seconds += 1000
    await town.ask()
    await town.ask()
    assert town.asked == "aaaaaaa"
    assert [event for event, _ in town.observer.warnings] == [
        "a model of the upstream is not asked for a while"
    ]
    facts = {"upstream": "fake", "model": "gpt-4o"}
    assert town.observer.notices == [("a model of the upstream answers again", facts)]


async def test_a_dead_model_closes_no_other_one() -> None:
    """A person whose model is dead takes another one, and need not wait for it."""
    town = Town({"a": [*[fails()] * 5, HELLO]}, breaker=BreakerOptions(5, 1000))
    town.collaborators.catalog.put(FAKE, [Model(name, "x", 1) for name in ("gpt-4o", "gpt-4")])
    while town.breaker.state(town.clock.now()) is BreakerState.CLOSED:
        await town.fail()
    other = replace(INCOMING, chat=ChatRequest("gpt-4", REQUEST.messages))
    assert await town.ask(other)
    assert (await town.fail()).kind is FaultKind.UPSTREAM_UNAVAILABLE
    assert town.asked == "aaaaaa"


async def test_our_own_want_of_means_blames_nobody_and_is_told_now_and_then() -> None:
    """Six requests without a descriptor: no breaker opens, no credential rests, one line."""
    want: list[Step] = [fault(FaultKind.OVERLOADED, 1)]
    town = Town({"a": [*([want] * 7), HELLO]})
    for _ in range(6):
        assert (await town.fail()).kind is FaultKind.OVERLOADED
    assert town.asked == "a" * 6
    assert town.breaker.failure_count == 0
    slot = town.pool.get_slot("a")
    assert (slot.failure_count, slot.cooldowns) == (0, {})
    assert [event for event, _ in town.observer.warnings] == ["requests fail for want of means"]
    town.clock.seconds += 60
    await town.fail()
    assert len(town.observer.warnings) == 2
    assert await town.ask() == [TextDelta("Hello"), END]


async def test_an_outdated_client_is_told_to_the_operator() -> None:
    """With the setting that mends it; credentials are not to blame."""
    town = Town({"a": [[fault(FaultKind.CLIENT_OUTDATED)]], "b": [HELLO]})
    assert (await town.fail()).kind is FaultKind.CLIENT_OUTDATED
    assert (await town.fail()).kind is FaultKind.CLIENT_OUTDATED
    assert town.asked == "a"
    [(event, facts)] = town.observer.warnings
    assert event == WORDS.client_outdated
    assert facts["upstream"] == "fake"


async def test_a_long_retry_after_is_for_the_caller_to_keep() -> None:
    """Nobody is asked before the time the endpoint named."""
    town = Town({"a": [[fault(FaultKind.UPSTREAM_OVERLOADED, 20)]], "b": [HELLO]})
    assert (await town.fail()).retry_after_s == 20
    assert (await town.fail()).kind is FaultKind.UPSTREAM_UNAVAILABLE
    assert town.asked == "a"


async def test_a_probe_whose_caller_leaves_lets_the_next_one_probe() -> None:
    """The breaker is not shut for ever by somebody's impatience."""
    stalled: list[Step] = [asyncio.Event()]
    town = Town({"a": [*[fails()] * 5, stalled, HELLO]}, breaker=BreakerOptions(5, 10))
    for _ in range(5):
        await town.fail()
    town.clock.seconds += 10
    probe = asyncio.create_task(town.ask())
    while town.asked != "aaaaaa":
        await asyncio.sleep(0)
    probe.cancel()
    with pytest.raises(asyncio.CancelledError):
        await probe
    await town.ask()
    assert town.breaker.state(town.clock.now()) is BreakerState.CLOSED


async def test_a_bug_in_an_upstream_leaves_nothing_behind() -> None:
    """Neither a lease nor a probe; and it is not taken for the endpoint's failure."""
    town = Town({"a": [HELLO]})
    town.upstream.rows = {}
    with pytest.raises(KeyError):
        await town.ask()
    assert town.breaker.failure_count == 0


async def test_who_finds_all_busy_waits_for_a_turn() -> None:
    """The answer comes when somebody else's has ended."""
    town = Town({"a": [HELLO]})
    town.pool.set_preferences("a", Preferences(concurrency_max=1))
    lease = town.pool.lease_for_test("a", "gpt-4o")
    task = asyncio.create_task(Search(town.collaborators, INCOMING, []).run())
    await asyncio.sleep(0)
    assert town.pool.waiting_count == 1
    lease.settle()
    answer = await task
    assert answer.first == [TextDelta("Hello"), END]
    answer.lease.settle()
    assert town.pool.leased_count == 0


async def test_a_turn_that_comes_after_the_breaker_opened_is_given_back() -> None:
    """Nobody is asked through an open breaker, however long they waited."""
    town = Town({"a": [HELLO]})
    town.pool.set_preferences("a", Preferences(concurrency_max=1))
    lease = town.pool.lease_for_test("a", "gpt-4o")
    task = asyncio.create_task(Search(town.collaborators, INCOMING, []).run())
    await asyncio.sleep(0)
    town.endpoint.breakers.whole.record(
        fault(FaultKind.CLIENT_OUTDATED), town.clock.now(), is_probe=False
    )
    lease.settle()
    with pytest.raises(Fault) as caught:
        await task
    assert caught.value.kind is FaultKind.CLIENT_OUTDATED
    assert (town.pool.leased_count, town.asked) == (0, "")
