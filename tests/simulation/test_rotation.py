"""A day's work of twenty accounts: no request is lost that a healthy one could have served."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from cursor_api.domain.caller import Caller
from cursor_api.domain.chat import ChatRequest, Incoming
from cursor_api.domain.content import Message, Role, Text
from cursor_api.domain.deltas import TextDelta
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.domain.record import Status
from cursor_api.pool.pool import Pool
from cursor_api.service.inference.failover import FailoverOptions
from cursor_api.service.inference.relay import Relay
from cursor_api.service.inference.search import Collaborators
from cursor_api.stores.files.pool_state import FilePoolStateStore
from tests.endpoints import catalog_of, endpoints_of
from tests.fakes import ListLog
from tests.simulation.rotation import (
    HOUR_S,
    MINUTE_S,
    ORDINARY,
    ROUGH,
    START,
    Account,
    AccountsUpstream,
    VirtualClock,
    Weather,
    make_accounts,
    make_arrivals,
)

HOURS = 12.0
REQUEST = ChatRequest("gpt-4o", (Message(Role.USER, (Text("hi"),)),))
CALLER = Caller("operator")


@dataclass(frozen=True)
class Loss:
    """A refused request that somebody could have served."""

    id: str
    hour: float
    fault: Fault
    able: list[str]


@dataclass
class Day:
    """A gateway's insides, the accounts behind it, and what became of the requests."""

    rng: random.Random
    accounts: list[Account]
    clock: VirtualClock = field(default_factory=VirtualClock)
    log: ListLog = field(default_factory=ListLog)
    refused: list[tuple[float, Fault]] = field(default_factory=list)
    lost: list[Loss] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.upstream = AccountsUpstream(self.accounts, self.clock)
        self.start()

    def start(self) -> None:
        """A process begins, with nothing but the credentials."""
        self.pool = Pool(self.clock, self.rng.random)
        self.pool.put([account.credential for account in self.accounts])
        self.relay = Relay(
            Collaborators(
                catalog_of(),
                endpoints_of(self.upstream, self.pool),
                self.log,
                self.clock,
                self.rng.random,
            )
        )

    async def restart(self, path: Path) -> None:
        """The process ends, and another one begins with what the first has saved."""
        slots = {slot.credential.alias: slot for slot in self.pool.slots}
        state = {alias: (slot.preferences, slot.health) for alias, slot in slots.items()}
        await FilePoolStateStore(path).save(state)
        kept = await FilePoolStateStore(path).load()
        self.start()
        credentials = [account.credential for account in self.accounts]
        self.pool.put([])
        self.pool.put(credentials, {one: kept[one.alias] for one in credentials})

    async def ask(self, number: int) -> None:
        """One request; a refusal is held against what the accounts know."""
        incoming = Incoming(f"request-{number}", REQUEST, CALLER)
        try:
            async with self.relay.open(incoming) as exchange:
                deltas = [delta async for batch in exchange for delta in batch]
            assert [d.text for d in deltas if isinstance(d, TextDelta)] == ["Hel", "lo"]
        except Fault as fault:
            now = self.clock.now()
            self.refused.append((now, fault))
            in_doubt = {slot.credential.alias for slot in self.pool.slots if slot.probing}
            able = [
                account.alias
                for account in self.accounts
                if account.could_serve(now) and account.alias not in in_doubt
            ]
            if able:
                self.lost.append(Loss(incoming.id, (now - START) / HOUR_S, fault, able))

    async def run(self, schedule: list[tuple[float, int]]) -> None:
        """All requests, each at its time; what comes at once runs at once."""
        number = len(self.log.records)
        for at, count in schedule:
            self._mend(at)
            self.clock.seconds = at
            await asyncio.gather(*(self.ask(number + one) for one in range(count)))
            number += count

    def _mend(self, at: float) -> None:
        """A person has seen to an account that came back."""
        for account in self.accounts:
            if account.back_at is not None and self.clock.seconds < account.back_at <= at:
                self.pool.clear(account.alias)


def day(seed: int, weather: Weather) -> Day:
    """A day like others."""
    rng = random.Random(seed)
    return Day(rng, make_accounts(rng, weather))


async def live_through(
    one: Day, weather: Weather, state_path: Path | None, hours: float = HOURS
) -> None:
    """So many hours, with a restart in the middle if there is a path for it."""
    schedule = make_arrivals(one.rng, weather, hours)
    half = len(schedule) // 2
    await one.run(schedule[:half])
    if state_path is not None:
        await one.restart(state_path)
    await one.run(schedule[half:])
    assert len(one.log.records) == sum(count for _, count in schedule) > 2000


async def check_what_always_holds(one: Day) -> None:
    """Bounded attempts, waits that are obeyed, nobody asked in vain, everything given back."""
    records = one.log.records
    assert len(records) == len(one.log.records)
    assert {record.status for record in records} <= {Status.SUCCESS, Status.FAILED}
    assert max(len(record.attempts) for record in records) <= FailoverOptions().refusal_count_max
    # A refusal costs an attempt; were attempts wasted, it would show here.
    assert sum(len(record.attempts) for record in records) <= 1.2 * len(records)
    assert one.pool.leased_count == 0
    assert [slot.active_count for slot in one.pool.slots] == [0] * len(one.accounts)
    for account in one.accounts:
        assert account.disobeyed_count == 0
        # Once out, always out until somebody acts: only requests of the same moment met it.
        assert len(set(account.final_refusals)) <= 1
        is_expiring = account.expires_at is not None
        assert not (is_expiring and account.final_refusals), "an expiry is known beforehand"
        assert account.answered_count > 0


async def check_losses(one: Day) -> None:
    """A request is given up with a credential left for one reason: the bound of attempts.

    That would be met where as many credentials in a row are at limits of which nobody knows yet.
    Every other refusal is true: nobody could have served.
    """
    attempt_counts = {record.id: len(record.attempts) for record in one.log.records}
    given_up_early = [
        loss for loss in one.lost if attempt_counts[loss.id] < FailoverOptions().refusal_count_max
    ]
    assert given_up_early == []


@pytest.mark.parametrize("is_restarted", [False, True], ids=["one run", "a restart"])
@pytest.mark.parametrize("seed", range(4))
async def test_twelve_hours_lose_no_request_that_somebody_could_have_served(
    tmp_path: Path,
    seed: int,
    is_restarted: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """Limits, quotas, expiries and revocations cost attempts, not answers."""
    one = day(seed, ORDINARY)
    await live_through(one, ORDINARY, tmp_path / "state" if is_restarted else None)
    assert one.lost == []
    await check_what_always_holds(one)
    assert sum(slot.failure_count for slot in one.pool.slots) > 50


@pytest.mark.parametrize("seed", range(2))
async def test_on_a_rough_day_every_refusal_is_true(tmp_path: Path, seed: int) -> None:
    """Where everybody is limited and crowds come, many are refused, and rightly."""
    one = day(seed, ROUGH)
    await live_through(one, ROUGH, tmp_path / "state")
    await check_losses(one)
    assert len(one.refused) > 20 * len(one.lost)
    await check_what_always_holds(one)


async def test_a_refusal_says_when_to_come_back(tmp_path: Path) -> None:
    """Whoever waits as long as he was told is served."""
    one = day(7, ROUGH)
    await live_through(one, ROUGH, tmp_path / "state", hours=2.0)
    await one.run([(one.clock.now() + HOUR_S, 40)] * 2)
    await one.run([(one.clock.now(), 1)])
    at, fault = one.refused[-1]
    assert at == one.clock.now()
    assert fault.kind is FaultKind.RATE_LIMITED
    assert fault.retry_after_s is not None
    assert 0 < fault.retry_after_s <= MINUTE_S
    refused_count = len(one.refused)
    await one.run([(at + fault.retry_after_s, 1)])
    assert len(one.refused) == refused_count
