"""Waiting for a credential that is at its limit: callers take turns, and no lease is lost."""

from __future__ import annotations

import asyncio

import pytest

from cursor_api.domain.credential import Credential, Secret
from cursor_api.domain.credential_health import Preferences
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.pool.lease import Ask, Lease
from cursor_api.pool.pool import Pool
from cursor_api.pool.slot import LeaseOutcome
from cursor_api.pool.waiting import QueueOptions
from tests.fakes import TickingClock

ASK = Ask("gpt-4o")
NOBODY: frozenset[Credential] = frozenset()
A, B = (Credential(name, Secret(f"token-{name}"), "sum") for name in "ab")
REFUSED = LeaseOutcome(is_success=False, fault=Fault(FaultKind.RATE_LIMITED, ""))


def pool(*credentials: Credential, queue: QueueOptions | None = None) -> Pool:
    """A pool whose credentials carry one request each."""
    made = Pool(TickingClock(), lambda: 0.5, queue=queue or QueueOptions())
    made.put(credentials)
    for credential in credentials:
        made.set_preferences(credential.alias, Preferences(concurrency_max=1))
    return made


def waiting(
    busy: Pool, ask: Ask = ASK, tried: frozenset[Credential] = NOBODY
) -> asyncio.Task[Lease]:
    """A request that waits from the next turn of the loop on."""
    with pytest.raises(Fault) as caught:
        busy.lease(ask, tried)
    assert caught.value.kind is FaultKind.OVERLOADED
    return asyncio.create_task(busy.wait(ask, tried, caught.value))


async def test_who_came_first_is_served_first_and_nobody_overtakes() -> None:
    """The lease is handed over in the step that frees it."""
    busy = pool(A)
    lease = busy.lease(ASK)
    first, second = waiting(busy), waiting(busy)
    await asyncio.sleep(0)
    assert busy.waiting_count == 2
    assert "queue=Queue(2 of 100)" in repr(busy)
    lease.settle()
    with pytest.raises(Fault):
        busy.lease(ASK)  # a newcomer, in the same step
    lease = await first
    assert not second.done()
    lease.settle()
    (await second).settle()
    assert (busy.leased_count, busy.waiting_count) == (0, 0)


async def test_callers_take_turns() -> None:
    """However many requests one of them has waiting; its own are served as they came."""
    busy = pool(A)
    lease = busy.lease(Ask("gpt-4o", caller="many"))
    many = [waiting(busy, Ask("gpt-4o", caller="many")) for _ in range(3)]
    few = [waiting(busy, Ask("gpt-4o", caller="few")) for _ in range(2)]
    await asyncio.sleep(0)
    for turn in (many[0], few[0], many[1], few[1], many[2]):
        lease.settle()
        lease = await turn
    lease.settle()
    assert (busy.leased_count, busy.waiting_count) == (0, 0)


async def test_a_full_queue_has_room_for_another_caller() -> None:
    """Whoever has most gives up the place that it took last; among equals nobody does."""
    busy = pool(A, queue=QueueOptions(count_max=3))
    lease = busy.lease(Ask("gpt-4o", caller="many"))
    many = [waiting(busy, Ask("gpt-4o", caller="many")) for _ in range(3)]
    await asyncio.sleep(0)
    few = waiting(busy, Ask("gpt-4o", caller="few"))
    with pytest.raises(Fault) as refused:
        await many[2]
    assert refused.value.kind is FaultKind.OVERLOADED
    for caller in ("few", "many"):
        with pytest.raises(Fault):
            await waiting(busy, Ask("gpt-4o", caller=caller))
    assert busy.waiting_count == 3
    for turn in (many[0], few, many[1]):
        lease.settle()
        lease = await turn
    lease.settle()


async def test_a_credential_goes_to_who_can_use_it() -> None:
    """Pinned to another, tried already, or cooling for the model: the next in line has it."""
    busy = pool(A, B)
    of_a, of_b = busy.lease(ASK), busy.lease(ASK)
    pinned = waiting(busy, Ask("gpt-4o", pinned="b"))
    tried = waiting(busy, tried=frozenset({A}))
    other = waiting(busy, Ask("o1"))
    await asyncio.sleep(0)
    of_a.settle(REFUSED)  # cools for gpt-4o only
    lease = await other
    assert lease.credential == A
    assert not pinned.done()
    of_b.settle()
    of_b = await pinned
    of_b.settle()
    assert (await tried).credential == B
    assert busy.leased_count == 2


async def test_a_full_queue_and_a_long_wait_are_told_apart() -> None:
    """Refused at once with what the pool said, or after the wait with how long it was."""
    busy = pool(A, queue=QueueOptions(count_max=1, wait_s=0.05))
    busy.lease(ASK)
    first = waiting(busy)
    await asyncio.sleep(0)
    with pytest.raises(Fault, match="All credentials are in use"):
        await waiting(busy)
    with pytest.raises(Fault, match=r"in use for 0\.05 s \(GATEWAY_QUEUE_WAIT_S\)") as caught:
        await first
    assert caught.value.kind is FaultKind.OVERLOADED
    assert (busy.leased_count, busy.waiting_count) == (1, 0)


async def test_without_a_queue_nobody_waits() -> None:
    """0 is off."""
    busy = pool(A, queue=QueueOptions(count_max=0))
    busy.lease(ASK)
    with pytest.raises(Fault, match="All credentials are in use"):
        await waiting(busy)


async def test_who_leaves_takes_no_lease_along() -> None:
    """Also when the turn and the leaving fall into the same step, in either order."""
    busy = pool(A)
    lease = busy.lease(ASK)
    leaves_after, leaves_before, stays = waiting(busy), waiting(busy), waiting(busy)
    await asyncio.sleep(0)
    leaves_before.cancel()
    lease.settle()  # the turn of leaves_after
    leaves_after.cancel()
    (await stays).settle()
    await asyncio.gather(leaves_after, leaves_before, return_exceptions=True)
    assert leaves_after.cancelled()
    assert leaves_before.cancelled()
    assert (busy.leased_count, busy.waiting_count) == (0, 0)


async def test_what_the_owner_changes_serves_those_who_wait() -> None:
    """A raised limit, a new credential: nobody waits for the next answer to end."""
    busy = pool(A)
    busy.lease(ASK)
    first, second = waiting(busy), waiting(busy)
    await asyncio.sleep(0)
    busy.set_preferences("a", Preferences(concurrency_max=2))
    assert (await first).credential == A
    busy.put([A, B])
    busy.serve_waiting()
    assert (await second).credential == B


async def test_a_credential_that_was_removed_serves_nobody() -> None:
    """Its last answer ends; those who wait wait for those that are left."""
    busy = pool(A, B)
    of_a, of_b = busy.lease(ASK), busy.lease(ASK)
    task = waiting(busy)
    await asyncio.sleep(0)
    busy.put([B])
    busy.serve_waiting()
    of_a.settle()
    await asyncio.sleep(0)
    assert not task.done()
    of_b.settle()
    assert (await task).credential == B


async def test_who_is_pinned_to_what_is_no_more_is_told_at_once() -> None:
    """Removed or renamed: its fault alone; the change is made, and the others wait on."""
    busy = pool(A, B)
    leases = busy.lease(ASK), busy.lease(ASK)
    pinned, other = waiting(busy, Ask("gpt-4o", pinned="a")), waiting(busy)
    await asyncio.sleep(0)
    renamed = Credential("c", A.secret, A.binding)
    busy.put([renamed, B])
    busy.serve_waiting()
    with pytest.raises(Fault, match="names no credential of this gateway") as caught:
        await pinned
    assert caught.value.kind is FaultKind.INVALID_REQUEST
    assert busy.credentials == (renamed, B)
    assert (busy.waiting_count, other.done()) == (1, False)
    for lease in leases:
        lease.settle()
    (await other).settle()
    assert busy.leased_count == 0


async def test_who_leaves_in_the_step_in_which_its_credential_goes_just_leaves() -> None:
    """There is no lease to give back then."""
    busy = pool(A)
    busy.lease(ASK)
    pinned = waiting(busy, Ask("gpt-4o", pinned="a"))
    await asyncio.sleep(0)
    busy.put([B])
    busy.serve_waiting()
    pinned.cancel()
    with pytest.raises(asyncio.CancelledError):
        await pinned
    assert busy.waiting_count == 0


async def test_who_waits_for_a_probe_that_is_refused_is_told_at_once_when_to_come_again() -> None:
    """Nothing is in use any more that could come free."""
    clock = TickingClock()
    tested = Pool(clock, lambda: 0.5)
    tested.put([A])
    tested.serve_waiting()
    tested.lease(ASK).settle(REFUSED)
    clock.seconds += 3600
    probe = tested.lease(ASK)
    turn = waiting(tested)
    await asyncio.sleep(0)
    probe.settle(REFUSED)
    with pytest.raises(Fault) as caught:
        await turn
    assert caught.value.kind is FaultKind.RATE_LIMITED
    assert caught.value.retry_after_s is not None
    assert caught.value.retry_after_s > 1


async def test_who_can_still_get_another_goes_on_waiting() -> None:
    """One credential cools down; the other one comes free."""
    busy = pool(A, B)
    first, second = busy.lease(ASK), busy.lease(ASK)
    turn = waiting(busy)
    await asyncio.sleep(0)
    first.settle(REFUSED)
    await asyncio.sleep(0)
    assert not turn.done()
    second.settle()
    (await turn).settle()


async def test_who_waits_for_what_is_switched_off_is_told_at_once() -> None:
    """What is under way there may end; nobody else gets it."""
    busy = pool(A)
    lease = busy.lease(ASK)
    turn = waiting(busy)
    await asyncio.sleep(0)
    busy.set_preferences("a", Preferences(is_enabled=False))
    with pytest.raises(Fault) as caught:
        await turn
    assert caught.value.kind is FaultKind.NO_CREDENTIALS
    lease.settle()
