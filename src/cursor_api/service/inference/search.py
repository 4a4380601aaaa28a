"""The way to the commit point: credentials are asked until one of them begins to answer.

Rules of this file:
- Nothing has reached the caller yet, so that trying again is free but for what `failover` counts.
- A lease taken here is settled here, unless its answer began: then it belongs to the exchange.
- Nobody is asked through an open breaker.
"""

from __future__ import annotations

import asyncio
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from typing import NamedTuple

from cursor_api.domain.chat import Incoming
from cursor_api.domain.credential import Credential
from cursor_api.domain.deltas import CONTENT, Delta, Finished
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.domain.record import Attempt
from cursor_api.pool.breaker import Breaker, BreakerOptions
from cursor_api.pool.lease import Ask, Lease
from cursor_api.pool.pool import Pool
from cursor_api.pool.slot import Outcome
from cursor_api.ports import Clock, DeltaBatches, Observer, RequestLog, Upstream
from cursor_api.service.inference.catalog import Catalog
from cursor_api.service.inference.failover import (
    Action,
    FailoverOptions,
    RetryBudget,
    Tally,
    decide,
)

# How soon the operator is told again that the gateway cannot ask anybody.
TELL_AGAIN_S = 60.0
SILENT = "It gave no answer in time, where another credential was answered."


class Endpoints:
    """The upstreams, each behind its breaker, and what may be spent on trying them again."""

    def __init__(
        self,
        upstreams: Mapping[str, Upstream],
        observer: Observer,
        failover: FailoverOptions | None = None,
        breaker: BreakerOptions | None = None,
    ) -> None:
        self.upstreams = upstreams
        self.failover = failover or FailoverOptions()
        self.budget = RetryBudget(self.failover)
        self.breakers = {name: Breaker(breaker or BreakerOptions()) for name in upstreams}
        self._observer = observer
        self._told_own_at = -math.inf

    def tell_own(self, fault: Fault, now: float) -> None:
        """Tell the operator, but not of each of thousands, that the gateway itself cannot ask."""
        if now - self._told_own_at >= TELL_AGAIN_S:
            self._told_own_at = now
            self._observer.warn("requests fail for want of means", detail=fault.message)

    def tell(self, name: str, cause: Fault | None) -> None:
        """Tell the operator that an endpoint is not asked any more (None: asked again)."""
        if cause is None:
            self._observer.notice("the upstream answers again", upstream=name)
        elif cause.kind is FaultKind.CLIENT_OUTDATED:
            self._observer.warn(
                "the upstream wants a newer client version: set CURSOR_CLIENT_VERSION to that of"
                " the current editor; until then it is asked once in a while only",
                upstream=name,
                detail=cause.message,
            )
        else:
            self._observer.warn(
                "the upstream is not asked for a while", upstream=name, detail=cause.message
            )


@dataclass(frozen=True, slots=True)
class Collaborators:
    """What the relay works with. `random` gives numbers in [0, 1)."""

    catalog: Catalog
    pool: Pool
    endpoints: Endpoints
    request_log: RequestLog
    clock: Clock
    random: Callable[[], float]


class Answer(NamedTuple):
    """An answer that has begun. `first` is all up to and with the first text."""

    lease: Lease
    opened: AbstractAsyncContextManager[DeltaBatches]
    batches: DeltaBatches
    first: Sequence[Delta]


class Setbacks:
    """What a request has met so far; most requests meet nothing."""

    __slots__ = ("barred", "is_retry", "last_fault", "silent", "tally", "tried")

    def __init__(self, fault: Fault) -> None:
        self.last_fault = fault
        self.tally = Tally()
        # The next attempt is paid for from the retry budget.
        self.is_retry = False
        # Not asked again by this request: they refused, or were silent.
        self.barred: frozenset[Credential] = frozenset()
        # Asked again only where there is no other: it was the endpoint that failed.
        self.tried: frozenset[Credential] = frozenset()
        self.silent: list[Lease] = []

    def told(self, hindrance: Fault) -> Fault:
        """The fault to be answered where `hindrance` keeps everybody else from being asked.

        The upstream that limits a rate may not say for how long; the pool knows who is back first.
        """
        fault = self.last_fault
        if fault.kind is hindrance.kind is FaultKind.RATE_LIMITED and fault.retry_after_s is None:
            fault.retry_after_s = hindrance.retry_after_s
        return fault


class Search:
    """One request's way to an answer. Raises Fault when there is no way to its model.

    `attempts` tells what was tried, whatever came of it, and `credential` who was asked last.
    """

    __slots__ = (
        "_ask",
        "_breaker",
        "_chat",
        "_route",
        "_setbacks",
        "_with",
        "attempts",
        "credential",
    )

    def __init__(
        self, collaborators: Collaborators, incoming: Incoming, attempts: list[Attempt]
    ) -> None:
        self._with = collaborators
        self._chat = incoming.chat
        self._ask = Ask(
            model=incoming.chat.model,
            own=incoming.caller.credentials,
            pinned=incoming.pinned_alias,
            sticky_key=incoming.conversation or incoming.caller.name,
        )
        self._route = collaborators.catalog.resolve(incoming.chat.model)
        self._breaker = collaborators.endpoints.breakers[self._route.upstream]
        self._setbacks: Setbacks | None = None
        self.attempts = attempts
        self.credential: Credential | None = None

    async def run(self) -> Answer:
        """The first answer that begins; raises the Fault that ended the search."""
        self._with.endpoints.budget.pay_in()
        while True:
            try:
                lease = self._take_lease()
            except Fault as fault:
                if fault.kind is not FaultKind.OVERLOADED:
                    raise
                lease = await self._wait(fault)
            self.credential = lease.credential
            try:
                answer = await self._attempt(lease)
            except Fault as fault:
                await self._recover(fault, lease)
            else:
                if self._setbacks is not None:
                    _convict(self._setbacks.silent)
                return answer

    def _take_lease(self) -> Lease:
        """A lease for the next attempt; Fault(OVERLOADED) is worth a wait."""
        setbacks = self._setbacks
        if setbacks is None:
            self._breaker.check(self._with.clock.monotonic())
            return self._with.pool.lease(self._ask)
        try:
            self._breaker.check(self._with.clock.monotonic())
            lease = self._choose(setbacks)
        except Fault as fault:
            if fault.kind is FaultKind.OVERLOADED:
                raise
            # What the upstream said tells more than "none is left".
            raise setbacks.told(fault) from None
        return self._pay(lease)

    def _pay(self, lease: Lease) -> Lease:
        """Take what a retry costs; gives the lease back and raises where it cannot be had."""
        setbacks = self._setbacks
        if setbacks is not None and setbacks.is_retry and not self._with.endpoints.budget.take():
            lease.settle()
            raise setbacks.last_fault
        return lease

    def _choose(self, setbacks: Setbacks) -> Lease:
        """A lease of one not yet tried, if there is one; raises what `Pool.lease` raises."""
        pool = self._with.pool
        if setbacks.tried:
            with suppress(Fault):
                return pool.lease(self._ask, setbacks.barred | setbacks.tried)
        return pool.lease(self._ask, setbacks.barred)

    async def _wait(self, hindrance: Fault) -> Lease:
        barred = self._setbacks.barred if self._setbacks else frozenset[Credential]()
        lease = await self._with.pool.wait(self._ask, barred, hindrance)
        try:
            self._breaker.check(self._with.clock.monotonic())
        except Fault:
            lease.settle()
            raise
        return self._pay(lease)

    async def _attempt(self, lease: Lease) -> Answer:
        """Ask one credential; returns when its first text is here, and settles otherwise."""
        clock, name = self._with.clock, self._route.upstream
        started_at, began = clock.now(), clock.monotonic()
        is_probe = self._breaker.take(began)
        try:
            upstream = self._with.endpoints.upstreams[name]
            opened = upstream.open(self._chat, self._route, lease.credential)
            batches = await opened.__aenter__()
            try:
                first = await _first_batch(batches)
            except BaseException:
                await opened.__aexit__(*sys.exc_info())
                raise
        except Fault as fault:
            lease.settle(Outcome(is_success=False, fault=fault))
            ended = self._learn(fault, is_probe=is_probe)
            self._note(lease, started_at, fault.kind, ended - began)
            raise
        except BaseException:
            # The caller left, or a bug: neither tells anything.
            lease.settle()
            self._breaker.forget(is_probe=is_probe)
            raise
        ended = self._learn(None, is_probe=is_probe)
        self._note(lease, started_at, None, ended - began)
        return Answer(lease, opened, batches, first)

    def _note(
        self, lease: Lease, started_at: float, fault: FaultKind | None, duration_s: float
    ) -> None:
        alias = lease.credential.alias
        self.attempts.append(Attempt(alias, started_at, fault, duration_s * 1000))

    def _learn(self, fault: Fault | None, *, is_probe: bool) -> float:
        """Tell the breaker; gives the time, which is the end of the attempt."""
        now = self._with.clock.monotonic()
        if fault is not None and fault.kind is FaultKind.OVERLOADED:
            self._with.endpoints.tell_own(fault, now)
        if self._breaker.learn(fault, now, is_probe=is_probe):
            self._with.endpoints.tell(self._route.upstream, self._breaker.cause)
        return now

    async def _recover(self, fault: Fault, lease: Lease) -> None:
        """Get ready for the next attempt; raises `fault` when there shall be none."""
        fault.let_go()  # it is kept for as long as the answer lasts
        if self._setbacks is None:
            self._setbacks = Setbacks(fault)
        setbacks, endpoints = self._setbacks, self._with.endpoints
        setbacks.last_fault = fault
        setbacks.tally = setbacks.tally.plus(fault)
        decision = decide(fault, setbacks.tally, endpoints.failover, self._with.random())
        setbacks.is_retry = decision.is_retry
        match decision.action:
            case Action.GIVE_UP:
                raise fault
            case Action.OTHER_CREDENTIAL:
                setbacks.barred |= {lease.credential}
            case Action.SWITCH:
                setbacks.barred |= {lease.credential}
                setbacks.silent.append(lease)
            case Action.RETRY:
                setbacks.tried |= {lease.credential}
        if decision.is_retry and not endpoints.budget.has_one:
            raise fault
        if decision.wait_s:
            await asyncio.sleep(decision.wait_s)


def _convict(silent: Sequence[Lease]) -> None:
    """Where somebody was answered, the endpoint works: the silence was the credential's."""
    for lease in silent:
        lease.convict(Fault(FaultKind.CREDENTIAL_SILENT, SILENT))


async def _first_batch(batches: DeltaBatches) -> Sequence[Delta]:
    """Everything up to and with the first content; citations and statuses alone commit nothing.

    Nor does an end, but where the upstream states why it ended.
    """
    held: list[Delta] = []
    async for batch in batches:
        held.extend(batch)
        for delta in batch:
            if type(delta) in CONTENT:
                return held
        last = batch[-1]
        if isinstance(last, Finished):
            if last.is_stated:
                return held
            break
    raise Fault(FaultKind.INCOMPLETE, "The upstream ended its answer without a word of text.")
