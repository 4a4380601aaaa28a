"""Whose failure it was: one bad account costs nobody an answer that another one has."""

from __future__ import annotations

import asyncio

import pytest

from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.pool.breaker import BreakerOptions, BreakerState
from cursor_api.pool.selection import Policy
from cursor_api.service.inference.endpoints import ANSWERING_S
from cursor_api.service.inference.failover import FailoverOptions
from cursor_api.service.inference.search import Search
from tests.fakes import Step, StillClock
from tests.unit.service.inference.test_search import HELLO, INCOMING, Town, fails, fault

BUSY = FaultKind.UPSTREAM_OVERLOADED
RESET = FaultKind.UNREACHABLE
LIMITED = FaultKind.RATE_LIMITED


class StillTown(Town):
    """Time passes only where a test says so."""

    clock_kind = StillClock


class FirstTown(StillTown):
    """Always the first credential that can."""

    policy = Policy.FILL_FIRST


def spend(town: Town) -> None:
    """The retry budget is at its end."""
    while town.endpoint.budget.take():
        pass


@pytest.mark.parametrize("kind", [BUSY, RESET, FaultKind.PROTOCOL_ERROR, FaultKind.INCOMPLETE])
@pytest.mark.parametrize("goods", ["b", "bcd"])
@pytest.mark.parametrize("city", [StillTown, FirstTown])
async def test_no_request_is_refused_for_one_bad_account(
    kind: FaultKind, goods: str, city: type[Town]
) -> None:
    """It rests from the first answer of another one on, and is tried again now and then."""
    town = city({"a": [fails(kind)]} | {name: [HELLO] for name in goods})
    for _ in range(100):
        await town.ask()
        town.clock.seconds += 1
    assert 2 <= town.asked.count("a") <= 6
    assert town.pool.get_slot("a").cooldowns["gpt-4o"].cause == "credential_failing"
    assert town.breaker.failure_count == 0
    assert town.observer.warnings == []


async def test_who_fails_and_is_answered_then_is_no_suspect() -> None:
    """The same credential: what failed was the moment."""
    town = StillTown({"a": [fails(), HELLO]})
    await town.ask()
    town = StillTown({"a": [fails(), HELLO], "b": [fails(), HELLO]})
    await town.ask()
    assert town.asked == "aba"
    assert town.pool.get_slot("a").cooldowns == {}
    assert town.pool.get_slot("b").cooldowns["gpt-4o"].cause == "credential_failing"


async def test_who_is_refused_is_no_answer() -> None:
    """Nobody knows then whose failure it was; of a caller's mistake the same is true."""
    for kind in (LIMITED, FaultKind.CONTEXT_TOO_LONG):
        town = StillTown({"a": [fails()], "b": [fails(kind)]})
        await town.fail()
        assert town.asked.startswith("ab")
        assert town.pool.get_slot("a").cooldowns == {}


async def test_a_fresh_credential_costs_nothing_while_the_endpoint_answers() -> None:
    """With the budget spent: for half a minute after an answer, whoever got it."""
    town = FirstTown({"a": [HELLO, fails()], "b": [HELLO]})
    await town.ask()
    spend(town)
    town.clock.seconds += ANSWERING_S
    await town.ask()
    assert town.asked == "aab"
    town = FirstTown({"a": [HELLO, fails()], "b": [HELLO]})
    await town.ask()
    spend(town)
    town.clock.seconds += ANSWERING_S + 1
    await town.fail()
    assert town.asked == "aa"


async def test_the_same_credential_again_is_paid_for_all_the_same() -> None:
    """It is no other account: what is asked once more is the endpoint."""
    town = FirstTown({"a": [HELLO, fails()], "b": [fails()]})
    await town.ask()
    spend(town)
    town.endpoint.budget.pay_in()
    await town.fail()
    assert town.asked == "aab"


async def test_three_attempts_are_enough_while_it_answers_too() -> None:
    """However many fresh credentials there are."""
    town = FirstTown({"a": [HELLO, fails()]} | {name: [fails()] for name in "bcdef"})
    await town.ask()
    await town.fail()
    assert town.asked == "aabc"


async def test_an_account_that_asks_for_time_keeps_nobody_waiting() -> None:
    """The endpoint answers others: this one rests as long as it asked, and no breaker opens."""
    busy: list[Step] = [fault(BUSY, 60)]
    town = FirstTown({"a": [HELLO, busy], "b": [HELLO]})
    await town.ask()
    await town.ask()
    assert town.asked == "aab"
    assert town.pool.get_slot("a").cooldowns["gpt-4o"].until_at == town.clock.seconds + 60
    assert town.breaker.state(town.clock.seconds) is BreakerState.CLOSED
    # Where all ask for it, it is the endpoint that does.
    town = FirstTown({"a": [HELLO, busy], "b": [busy]})
    await town.ask()
    assert (await town.fail()).retry_after_s == 60
    assert (await town.fail()).kind is FaultKind.UPSTREAM_UNAVAILABLE
    assert town.asked == "aab"


async def test_a_request_that_nobody_answered_counts_with_each_of_its_attempts() -> None:
    """Two requests of three attempts open the breaker that five failures open."""
    town = StillTown({name: [fails()] for name in "abc"}, FailoverOptions(retry_percent=100))
    await town.fail()
    assert town.breaker.failure_count == 3
    await town.fail()
    assert town.breaker.state(town.clock.seconds) is BreakerState.OPEN
    assert town.asked == "abcabc"


async def test_a_request_that_was_answered_counts_with_none() -> None:
    """Five at once, all of which meet the bad account first: nobody is refused."""
    town = FirstTown({"a": [fails()], "b": [HELLO]}, FailoverOptions(retry_percent=100))
    town.endpoint.answered_at = town.clock.seconds
    searches = [Search(town.collaborators, INCOMING, []) for _ in range(8)]
    answers = await asyncio.gather(*(search.run() for search in searches))
    assert [answer.lease.credential.alias for answer in answers] == ["b"] * 8
    assert town.asked == "a" * 8 + "b" * 8
    assert town.breaker.failure_count == 0


async def test_who_leaves_between_two_attempts_has_met_a_failure() -> None:
    """Callers that lose patience in an outage keep no breaker closed."""
    stalled: list[Step] = [asyncio.Event()]
    town = StillTown({"a": [fails()], "b": [stalled]})
    task = asyncio.create_task(town.ask())
    while town.asked != "ab":
        await asyncio.sleep(0.01)
    assert town.breaker.failure_count == 0
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert town.breaker.failure_count == 1
    assert town.pool.get_slot("a").cooldowns == {}


async def test_a_probe_goes_on_to_the_next_credential() -> None:
    """Else an endpoint whose first account stays bad would never be found well again."""
    options = BreakerOptions(5, 10)
    town = FirstTown({"a": [fails()], "b": [fails(), HELLO]}, breaker=options)
    while town.breaker.state(town.clock.seconds) is BreakerState.CLOSED:
        await town.fail()
    town.clock.seconds += 10
    for _ in range(5):
        town.endpoint.budget.pay_in()
    town.upstream.asked.clear()
    town.upstream.closed.clear()
    await town.ask()
    assert town.asked == "ab"
    assert town.breaker.state(town.clock.seconds) is BreakerState.CLOSED
    assert not town.breaker._is_probing


async def test_a_probe_that_fails_with_everybody_holds_the_breaker() -> None:
    """For as long again, and the next one is let through then."""
    town = FirstTown({"a": [fails()], "b": [fails()]}, breaker=BreakerOptions(5, 10))
    while town.breaker.state(town.clock.seconds) is BreakerState.CLOSED:
        await town.fail()
    town.clock.seconds += 10
    await town.fail()
    assert town.breaker.state(town.clock.seconds) is BreakerState.OPEN
    assert not town.breaker._is_probing
    town.clock.seconds += 10
    assert town.breaker.state(town.clock.seconds) is BreakerState.HALF_OPEN


async def test_an_outage_that_begins_amid_answers_stays_bounded() -> None:
    """The free tries end with the breaker, or half a minute after the last answer."""
    town = StillTown({name: [HELLO, fails()] for name in "abc"}, breaker=BreakerOptions(0))
    for _ in range(3):
        await town.ask()
    town.clock.seconds += ANSWERING_S + 1
    before = len(town.asked)
    for _ in range(100):
        assert isinstance(await town.fail(), Fault)
    assert len(town.asked) - before <= 100 * 1.2 + 3
    town = StillTown({name: [HELLO, fails()] for name in "abc"})
    for _ in range(3):
        await town.ask()
    for _ in range(100):
        await town.fail()
    assert len(town.asked) == 3 + 6
