"""The way to the commit point: routes and their credentials are tried until an answer begins.

Rules of this file:
- Nothing has reached the caller yet, so that trying again is free but for what `failover` counts.
- A lease taken here is settled here, unless its answer began: then it belongs to the exchange.
- Nobody is asked through an open breaker; a request that probes goes on as its probe.
- Whether an endpoint or a credential has failed is known when the request is over: where another
  credential was answered, the failed ones rest; where nobody was, each failure is the endpoint's.
- An endpoint is asked with credentials of its own pool, or with the caller's own that belong to it.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, suppress

from msgspec import Struct

from cursor_api.domain.catalog import Route
from cursor_api.domain.chat import Incoming
from cursor_api.domain.credential import Credential
from cursor_api.domain.deltas import CONTENT, Delta, Finished, NativeBatch
from cursor_api.domain.errors import Fault, FaultKind, Scope
from cursor_api.domain.price import Price, PriceList
from cursor_api.domain.record import Attempt
from cursor_api.pool.lease import Ask, Lease
from cursor_api.pool.slot import LeaseOutcome
from cursor_api.ports.process import Clock
from cursor_api.ports.stores import RequestLog
from cursor_api.ports.upstream import DeltaBatches
from cursor_api.service.access.quota import Quota
from cursor_api.service.inference.catalog import Catalog
from cursor_api.service.inference.conversations import name_conversation
from cursor_api.service.inference.endpoints import Endpoints
from cursor_api.service.inference.failover import Action, decide, leads_elsewhere
from cursor_api.service.inference.repeated import repeats
from cursor_api.service.inference.retrying import RetryState
from cursor_api.service.inference.routes import Routes, find_own
from cursor_api.service.inference.structured_output import InvalidOutput, ask_again
from cursor_api.service.inference.transcripts import Transcripts

SILENT = "It gave no answer in time, where another credential was answered."
FAILING = "It failed where another credential was answered."


class Collaborators(Struct, frozen=True):
    """What the relay works with. `random` gives numbers in [0, 1)."""

    catalog: Catalog
    endpoints: Endpoints
    request_log: RequestLog
    clock: Clock
    random: Callable[[], float]
    # What tokens cost at an endpoint, at an instant; None: nobody knows.
    find_price: Callable[[Route, float], Price | None] = PriceList().find
    quota: Quota | None = None
    # What takes down what is said, where the operator wants that.
    transcripts: Transcripts | None = None
    # Has a credential of this alias be known here that another process added a moment ago, if one
    # did. Raises StoreError.
    look_for: Callable[[str], Awaitable[None]] | None = None


class BegunAnswer(Struct, frozen=True):
    """An answer that has begun. `first` is all up to and with the first text."""

    route: Route
    lease: Lease
    opened: AbstractAsyncContextManager[DeltaBatches]
    batches: DeltaBatches
    first: Sequence[Delta]


class Search:
    """One request's way to an answer. Raises Fault when there is no way to its model.

    `attempts` tells what was tried, whatever came of it, `credential` who was asked last, and
    `route` where.
    """

    __slots__ = (
        "_ask",
        "_chat",
        "_endpoint",
        "_incoming",
        "_retry",
        "_route",
        "_routes",
        "_with",
        "attempts",
        "credential",
        "route",
    )

    def __init__(
        self, collaborators: Collaborators, incoming: Incoming, attempts: list[Attempt]
    ) -> None:
        self._with = collaborators
        self._incoming = incoming
        self._chat = incoming.chat
        self._chat.caller = incoming.caller.name
        self._retry: RetryState | None = None
        self.attempts = attempts
        self.credential: Credential | None = None
        self.route: Route | None = None
        routes = collaborators.catalog.resolve(incoming.chat.model)
        self._routes = Routes(routes, incoming, collaborators.endpoints)

    async def run(self) -> BegunAnswer:
        """The first answer that begins; raises the Fault that ended the search."""
        routes = self._routes
        route = routes.take()
        while route is not None:
            self._go_to(route)
            try:
                return await self._ask_endpoint()
            except Fault as fault:
                if not self._is_elsewhere_better(fault):
                    raise
                has_asked = self._retry is not None and self._retry.last_fault is not None
                routes.close(fault.without_traceback(), was_asked=has_asked)
            route = routes.take()
        raise routes.final_fault()

    def _is_elsewhere_better(self, fault: Fault) -> bool:
        """Whether the next route is worth asking after this end at one."""
        if fault.kind is FaultKind.OVERLOADED and self._routes:
            self._routes.pass_over_busy(self._route)
            return True
        if self._retry is not None:
            tally, options = self._retry.tally, self._endpoint.failover
            if (
                tally.failure_count >= options.attempt_count_max
                or tally.refusal_count >= options.refusal_count_max
            ):
                return False
        return leads_elsewhere(fault)

    def _go_to(self, route: Route) -> None:
        """Ask there from now on, with that endpoint's credentials and no others."""
        incoming = self._incoming
        if self._retry is not None:
            # The first attempt at an endpoint is no retry of its.
            self._retry.is_retry = self._retry.has_fresh = False
            self._retry.last_fault = None
        self._route = self.route = route
        self._endpoint = self._with.endpoints[route.endpoint]
        self._ask = Ask(
            model=route.model,
            own=find_own(incoming, route.endpoint),
            pinned=incoming.pinned_alias,
            caller=incoming.caller.name,
            conversation=name_conversation(incoming),
        )

    async def _ask_endpoint(self) -> BegunAnswer:
        """The first answer of this endpoint that begins."""
        self._endpoint.budget.pay_in()
        try:
            while True:
                try:
                    lease = self._take_lease()
                except Fault as fault:
                    # Another route's endpoint may have room at once.
                    if fault.kind is not FaultKind.OVERLOADED or self._routes:
                        raise
                    lease = await self._wait(fault)
                    if not self._is_in_service(lease.credential):
                        lease.settle()
                        continue
                self.credential = lease.credential
                try:
                    answer = await self._attempt(lease)
                except InvalidOutput as invalid:
                    self._repair(invalid)
                except Fault as fault:
                    await self._recover(fault, lease)
                else:
                    if self._retry is not None:
                        _suspect(self._retry.failed, lease.credential)
                    return answer
        except BaseException:
            self._blame_endpoint()
            raise

    def _take_lease(self) -> Lease:
        """A lease for the next attempt; Fault(OVERLOADED) is worth a wait."""
        retry = self._retry
        if retry is None:
            self._endpoint.breakers.check(self._route.model, self._with.clock.monotonic())
            return self._endpoint.pool.lease(self._ask)
        try:
            self._check_breaker()
            lease = self._choose(retry)
        except Fault as fault:
            if fault.kind is FaultKind.OVERLOADED:
                raise
            raise retry.explain(fault) from None
        return self._pay(lease)

    def _check_breaker(self) -> None:
        """Raise the Fault of an endpoint that is not asked now."""
        if self._retry is None or not self._retry.is_probe:
            self._endpoint.breakers.check(self._route.model, self._with.clock.monotonic())

    def _pay(self, lease: Lease) -> Lease:
        """Take what a retry costs; gives the lease back and raises where it cannot be had."""
        retry = self._retry
        if retry is None or not retry.is_retry:
            return lease
        is_free = retry.has_fresh and lease.credential not in retry.tried
        if not is_free and not self._endpoint.budget.take():
            lease.settle()
            assert retry.last_fault is not None  # noqa: S101 - a retry comes behind a fault
            raise retry.last_fault
        return lease

    def _choose(self, retry: RetryState) -> Lease:
        """A lease of one not yet tried, if there is one; raises what `Pool.lease` raises."""
        pool = self._endpoint.pool
        if retry.tried:
            with suppress(Fault):
                return pool.lease(self._ask, retry.barred | retry.tried)
        return pool.lease(self._ask, retry.barred)

    async def _wait(self, hindrance: Fault) -> Lease:
        barred = self._retry.barred if self._retry else frozenset[Credential]()
        lease = await self._endpoint.pool.wait(self._ask, barred, hindrance)
        try:
            self._check_breaker()
        except Fault:
            lease.settle()
            raise
        return self._pay(lease)

    def _is_in_service(self, credential: Credential) -> bool:
        """Whether it is still this endpoint's: a reload may have moved it while it was waited for.

        Its upstream may be another one since, which must not see this secret.
        """
        if self._ask.own:
            return True
        return any(one.secret == credential.secret for one in self._endpoint.pool.credentials)

    async def _attempt(self, lease: Lease) -> BegunAnswer:
        """Ask one credential; returns when its first text is here, and settles otherwise."""
        clock, endpoint = self._with.clock, self._endpoint
        started_at, began = clock.now(), clock.monotonic()
        is_probe = endpoint.breakers.take(self._route.model, began)
        try:
            opened = endpoint.open(self._chat, self._route, lease.credential)
            batches = await opened.__aenter__()
            try:
                first = await _first_batch(batches)
            except BaseException:
                await opened.__aexit__(*sys.exc_info())
                raise
        except Fault as fault:
            if fault.quoted:
                fault.is_quote_clean = not repeats(fault.quoted, self._chat)
            lease.settle(LeaseOutcome(is_success=False, fault=fault))
            ended = clock.monotonic()
            self._note_fault(fault, lease, ended, is_probe=is_probe)
            self._note(lease, started_at, fault.kind, ended - began)
            raise
        except BaseException:
            # The caller left, or a bug: neither tells anything.
            lease.settle()
            endpoint.breakers.release(self._route.model, is_probe=is_probe)
            raise
        endpoint.answered_at = ended = clock.monotonic()
        self._tell_breaker(None, ended, is_probe=is_probe)
        self._note(lease, started_at, None, ended - began)
        return BegunAnswer(self._route, lease, opened, batches, first)

    def _note(
        self, lease: Lease, started_at: float, fault: FaultKind | None, duration_s: float
    ) -> None:
        alias, endpoint = lease.credential.alias, self._endpoint.name
        self.attempts.append(Attempt(alias, started_at, fault, duration_s * 1000, endpoint))

    def _note_fault(self, fault: Fault, lease: Lease, now: float, *, is_probe: bool) -> None:
        """Keep what an attempt failed with: whose fault it is, the next ones tell."""
        if self._retry is None:
            self._retry = RetryState()
        retry = self._retry
        retry.last_fault = fault
        retry.tally = retry.tally.plus(fault)
        if fault.scope is Scope.ENDPOINT:
            retry.failed.append((lease, fault))
            retry.is_probe |= is_probe
            return
        if fault.kind is FaultKind.OVERLOADED:
            self._with.endpoints.report_shortage(fault, now)
        self._tell_breaker(fault, now, is_probe=is_probe)

    def _tell_breaker(self, fault: Fault | None, now: float, *, is_probe: bool) -> None:
        """What came of an attempt; None: its answer began."""
        retry = self._retry
        if retry is not None and retry.is_probe:
            is_probe, retry.is_probe = True, False
        breakers, model = self._endpoint.breakers, self._route.model
        changed = breakers.record(fault, model, now, is_probe=is_probe)
        if changed is not None:
            self._with.endpoints.report_breaker(self._endpoint, changed)

    def _blame_endpoint(self) -> None:
        """Nobody was answered here: each failure counts against the endpoint."""
        retry = self._retry
        if retry is None or not retry.failed:
            return
        now = self._with.clock.monotonic()
        for _, fault in retry.failed:
            self._tell_breaker(fault, now, is_probe=False)
        retry.failed = []

    async def _recover(self, fault: Fault, lease: Lease) -> None:
        """Get ready for the next attempt; raises `fault` when there shall be none."""
        fault.without_traceback()  # it is kept for as long as the answer lasts
        retry, endpoint = self._retry, self._endpoint
        assert retry is not None  # noqa: S101 - a fault was noted
        spent = retry.barred | retry.tried | {lease.credential}
        has_fresh = (
            endpoint.failover.retry_percent > 0  # 0 means it
            and endpoint.has_answered_lately(self._with.clock.monotonic())
            and endpoint.pool.has_other(self._ask, spent)
        )
        decision = decide(
            fault, retry.tally, endpoint.failover, self._with.random(), has_fresh=has_fresh
        )
        retry.is_retry, retry.has_fresh = decision.is_retry, has_fresh
        match decision.action:
            case Action.GIVE_UP:
                raise fault
            case Action.OTHER_CREDENTIAL | Action.SWITCH:
                retry.barred |= {lease.credential}
            case Action.RETRY:
                retry.tried |= {lease.credential}
        # Another endpoint is the better way out of one's trouble than the same once more.
        is_paid = decision.is_retry and not has_fresh
        if is_paid and (self._routes or not endpoint.budget.has_one):
            raise fault
        if decision.wait_s:
            await asyncio.sleep(decision.wait_s)

    def _repair(self, invalid: InvalidOutput) -> None:
        """Ask for the right form again; raises `invalid` when that was done or cannot be paid."""
        retry = self._retry
        assert retry is not None  # noqa: S101 - a fault was noted
        if retry.is_repaired or not self._endpoint.budget.take():
            raise invalid
        retry.is_repaired = True
        self._chat = ask_again(self._chat, invalid)


def _suspect(failed: Sequence[tuple[Lease, Fault]], answered: Credential) -> None:
    """Where another one was answered, the endpoint works: the failure was the credential's."""
    for lease, fault in failed:
        if lease.credential != answered:
            is_silence = fault.kind is FaultKind.UPSTREAM_TIMEOUT
            kind = FaultKind.CREDENTIAL_SILENT if is_silence else FaultKind.CREDENTIAL_FAILING
            said = SILENT if is_silence else FAILING
            lease.blame(Fault(kind, said, retry_after_s=fault.retry_after_s))


async def _first_batch(batches: DeltaBatches) -> Sequence[Delta]:
    """Everything up to and with the first content; citations and statuses alone commit nothing.

    Nor does an end, but where the upstream states why it ended.
    """
    held: Sequence[Delta] = ()
    async for batch in batches:
        held = _join(held, batch) if held else batch
        for delta in batch:
            if type(delta) in CONTENT:
                return held
        last = batch[-1]
        if isinstance(last, Finished):
            if last.is_stated:
                return held
            break
    raise Fault(FaultKind.INCOMPLETE, "The upstream ended its answer without a word of text.")


def _join(held: Sequence[Delta], batch: Sequence[Delta]) -> Sequence[Delta]:
    deltas = [*held, *batch]
    bodies = [one.body for one in (held, batch) if isinstance(one, NativeBatch)]
    return NativeBatch(deltas, b"".join(bodies)) if bodies else deltas
