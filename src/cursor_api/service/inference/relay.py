"""The relay: lease, open, commit at the first delta, stream, settle.

Rules of this file:
- A request is an `Exchange`: a context manager for its life, an async iterator for its data.
- Before the commit point failover is free; after it nothing is tried again, a fault is told.
- However an exchange ends, its lease is settled and its record written, once; until then what is
  known of it is here alone.
- A request can be megabytes and a stream can last for hours: the exchange is the request's only
  owner and lets go of it at the commit point.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Self

from cursor_api.domain.catalog import Model, Route
from cursor_api.domain.chat import Incoming
from cursor_api.domain.credential import Credential, mask
from cursor_api.domain.deltas import (
    CONTENT,
    Delta,
    Finished,
    FinishReason,
    InputCount,
    NativeBatch,
    Usage,
)
from cursor_api.domain.endings import is_incomplete
from cursor_api.domain.errors import Fault, FaultKind, Scope
from cursor_api.domain.record import PENDING, SUCCESS, Attempt, RequestRecord, Status
from cursor_api.domain.standing import Standing
from cursor_api.domain.value import replace
from cursor_api.pool.lease import Lease
from cursor_api.pool.slot import LeaseOutcome
from cursor_api.ports.upstream import DeltaBatches
from cursor_api.service.access.quota import Hold, LimitReachedError, check_model
from cursor_api.service.inference.counting import count_input
from cursor_api.service.inference.pinned import look_for_pinned
from cursor_api.service.inference.search import Collaborators, Search
from cursor_api.service.inference.usage import estimate_input, estimate_usage, is_possible

ANSWERED = LeaseOutcome(is_success=True)


class Relay:
    """Answers chat requests."""

    def __init__(self, collaborators: Collaborators) -> None:
        self._collaborators = collaborators
        # Those that have begun and not ended; exchanges add and remove themselves.
        self.active: set[Exchange] = set()
        self.total_count = 0

    @functools.cached_property
    def loop(self) -> asyncio.AbstractEventLoop:
        """What all requests run on; asked for once, as that is a system call in Python 3.11."""
        return asyncio.get_running_loop()

    @property
    def active_count(self) -> int:
        """Requests under way."""
        return len(self.active)

    def break_off(self, fault: Fault) -> int:
        """End all requests that wait for the upstream, with this fault; gives how many."""
        return sum([exchange.break_off(fault) for exchange in self.active])

    def under_way(self) -> Sequence[RequestRecord]:
        """What is known so far of each request that has not ended, oldest first."""
        return sorted([one.pending() for one in self.active], key=lambda record: record.id)

    def upstream_states(self) -> dict[str, str]:
        """Whether each upstream is asked: the state of its breaker, by its name."""
        now = self._collaborators.clock.monotonic()
        return {
            name: endpoint.breakers.standing(now).state(now).value
            for name, endpoint in self._collaborators.endpoints.items()
        }

    def find_served(self, models: Sequence[Model]) -> Sequence[Model]:
        """Those to which a credential leads; all of them where there is no credential at all."""
        endpoints = self._collaborators.endpoints
        served = {name for name, endpoint in endpoints.items() if endpoint.pool.slots}
        if not served:
            return models
        # The first way is mostly the only one, and there may be thousands of models.
        return [
            one
            for one in models
            if one.routes
            and (
                one.routes[0].endpoint in served
                or any(route.endpoint in served for route in one.routes)
            )
        ]

    async def count(self, incoming: Incoming) -> InputCount:
        """How long a request is, which is not answered; raises Fault where it could not be."""
        if incoming.caller.key is not None:
            check_model(incoming.caller.key, incoming.chat.model)
        return await count_input(self._collaborators, incoming)

    def open(self, incoming: Incoming) -> Exchange:
        """An exchange, not yet begun; `async with` begins it and raises Fault if it cannot."""
        return Exchange(self, self._collaborators, incoming)


class Exchange:
    """One request and its answer.

    Entering returns at the commit point: the upstream has sent its first delta. Iterating gives
    batches of deltas, the last of which ends with `Finished` carrying usage; a fault in
    mid-stream is raised from the iteration. `attempts` tells what was tried for it, `route` which
    one serves it, and `ignored` what of the request that one could not do, by the caller's words.
    `standing` is what is left of its key's limits, None where that has none. `has_begun`: it was
    let in, and so will have a record.
    """

    __slots__ = (
        "_batches",
        "_breaking",
        "_caller",
        "_client",
        "_credential",
        "_dialect",
        "_finish",
        "_first",
        "_first_delta_ms",
        "_hold",
        "_id",
        "_incoming",
        "_input_count",
        "_is_stream",
        "_lease",
        "_model",
        "_opened",
        "_output_bytes",
        "_relay",
        "_search",
        "_started",
        "_started_at",
        "_taking",
        "_task",
        "_tried",
        "_usage",
        "_with",
        "attempts",
        "has_begun",
        "ignored",
        "route",
        "standing",
    )

    def __init__(self, relay: Relay, collaborators: Collaborators, incoming: Incoming) -> None:
        self._relay = relay
        self._with = collaborators
        self._incoming: Incoming | None = incoming
        self._id = incoming.id
        at = incoming.started_at
        self._started_at = collaborators.clock.now() if at is None else at
        self._caller = incoming.caller.name
        self._dialect, self._client = incoming.dialect, incoming.client
        self._model, self._is_stream = incoming.chat.model, incoming.chat.is_stream
        self._started = collaborators.clock.monotonic()
        self._input_count = 0
        self._first_delta_ms: float | None = None
        self._credential: Credential | None = None
        self.attempts: list[Attempt] = []
        self.route: Route | None = None
        self._search: Search | None = None
        # The route that answers, or was tried last.
        self._tried: Route | None = None
        self.ignored: tuple[str, ...] = ()
        self._lease: Lease | None = None
        self._opened: AbstractAsyncContextManager[DeltaBatches] | None = None
        self._batches: DeltaBatches | None = None
        self._first: Sequence[Delta] | None = None
        self._output_bytes = 0
        self._usage: Usage | None = None
        self._finish: FinishReason | None = None
        self._hold: Hold | None = None
        self.standing: Standing | None = None
        self.has_begun = False
        transcripts = collaborators.transcripts
        self._taking = transcripts.begin(incoming) if transcripts is not None else None
        # Who works on it, and why he was told to stop.
        self._task: asyncio.Task[object] | None = None
        self._breaking: Fault | None = None

    async def __aenter__(self) -> Self:
        incoming = self._get_incoming()
        if incoming.caller.key is not None:
            await self._reserve(incoming)
        self.has_begun = True
        self._relay.active.add(self)
        self._relay.total_count += 1
        self._task = asyncio.current_task(self._relay.loop)
        try:
            await self._commit(incoming)
        except BaseException as error:
            fault = self._find_breaking(error)
            self._end(fault or error)
            if fault is not None:
                raise fault from None
            raise
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        fault = self._find_breaking(error)
        # From here on it ends by itself.
        self._task = None
        try:
            if self._opened is not None:
                await self._opened.__aexit__(None, None, None)
        finally:
            self._end(fault or error)
        if fault is not None:
            raise fault from None

    def __aiter__(self) -> AsyncIterator[Sequence[Delta]]:
        return self

    async def __anext__(self) -> Sequence[Delta]:
        # One frame in one read is the rule: this runs for each, so it is one function.
        if self._first is not None:
            batch, self._first = self._first, None
        elif self._usage is not None:
            raise StopAsyncIteration
        elif self._batches is None:
            raise RuntimeError("an exchange is iterated inside `async with`")
        else:
            try:
                batch = await self._batches.__anext__()
            except StopAsyncIteration:
                raise is_incomplete() from None
        for delta in batch:
            if type(delta) in CONTENT:
                # Each of CONTENT has a text.
                self._output_bytes += len(delta.text.encode())  # type: ignore[union-attr]
        last = batch[-1]
        if type(last) is not Finished:
            return batch
        self._finish = last.reason
        if last.usage is not None and is_possible(last.usage):
            self._usage = last.usage
            return batch
        self._usage = estimate_usage(self._input_count, self._output_bytes)
        deltas = (*batch[:-1], replace(last, usage=self._usage))
        return NativeBatch(deltas, batch.body) if type(batch) is NativeBatch else deltas

    def break_off(self, fault: Fault) -> bool:
        """Raise this fault where the request waits; False when its answer is whole already."""
        if self._task is None or self._usage is not None or self._breaking is not None:
            return False
        self._breaking = fault
        return self._task.cancel("broken off")

    def _find_breaking(self, error: BaseException | None) -> Fault | None:
        """The fault that a cancellation stands for; None when it was another's, or none."""
        if self._breaking is None or not isinstance(error, asyncio.CancelledError):
            return None
        if self._task is not None:
            self._task.uncancel()
        return self._breaking

    def _get_incoming(self) -> Incoming:
        if self._incoming is None:
            raise RuntimeError("an exchange is entered once")
        return self._incoming

    async def _reserve(self, incoming: Incoming) -> None:
        """Let it in by the limits of its key; raises the Fault that refuses it."""
        quota = self._with.quota
        if quota is None:
            return
        self._input_count = estimate_input(incoming.chat)
        try:
            self._hold = await quota.enter(incoming, self._input_count)
        except LimitReachedError as refusal:
            self.standing = refusal.standing
            raise
        if self._hold is not None:
            self.standing = self._hold.standing

    async def _commit(self, incoming: Incoming) -> None:
        """Find a credential whose answer begins; raises the Fault that ended the search."""
        self._input_count = self._input_count or estimate_input(incoming.chat)
        if incoming.pinned_alias is not None:
            await look_for_pinned(self._with, incoming.pinned_alias)
        self._search = search = Search(self._with, incoming, self.attempts)
        try:
            answer = await search.run()
        finally:
            self._credential, self._tried = search.credential, search.route
            self._search = None
        self.route, self._lease = answer.route, answer.lease
        self._opened, self._batches, self._first = answer.opened, answer.batches, answer.first
        if incoming.chat.origin.features:
            endpoint = self._with.endpoints[self.route.endpoint]
            self.ignored = endpoint.find_ignored(incoming.chat, self.route.model)
        self._first_delta_ms = (self._with.clock.monotonic() - self._started) * 1000
        if self._taking is not None:
            self._batches = self._taking.listen(self._first, self._batches)
        self._incoming = None

    def _end(self, error: BaseException | None) -> None:
        """Settle and record; the only place that does either."""
        self._relay.active.discard(self)
        self._task = None
        if self._lease is not None:
            self._lease.settle(self._outcome(error))
            if isinstance(error, Fault):
                # It began to answer and broke off: what was given until then counts.
                self.attempts[-1] = replace(self.attempts[-1], fault=error.kind)
                self._usage = estimate_usage(self._input_count, self._output_bytes)
        if isinstance(error, Fault):
            is_refused = self._lease is None and error.scope is Scope.REQUEST
            self._record(Status.REFUSED if is_refused else Status.FAILED, error)
        elif error is None and self._usage is not None:
            self._record(SUCCESS, None)
        elif error is not None and not isinstance(error, asyncio.CancelledError | GeneratorExit):
            # Whatever it is: an exit() somewhere is no departure of the caller.
            self._record(Status.FAILED, Fault(FaultKind.INTERNAL, type(error).__name__))
        else:
            # The caller left: what it was given still counts, once somebody was asked for it.
            if self._credential is not None:
                self._usage = estimate_usage(self._input_count, self._output_bytes)
            self._record(Status.CANCELLED, None)

    def _outcome(self, error: BaseException | None) -> LeaseOutcome:
        if isinstance(error, Fault):
            return LeaseOutcome(is_success=False, fault=error)
        # A caller who left after the first delta has seen the credential work.
        return ANSWERED

    def pending(self) -> RequestRecord:
        """What is known so far."""
        if self._search is not None:
            self._credential, self._tried = self._search.credential, self._search.route
        return self._describe(PENDING, None)

    def _record(self, status: Status, fault: Fault | None) -> None:
        record = self._describe(status, fault)
        if self._hold is not None:
            self._hold.settle(record.usage, record.cost_nano)
        if self._taking is not None:
            self._taking.end()
        self._with.request_log.record(record)

    def _find_cost(self) -> int | None:
        usage, route = self._usage, self._tried
        if usage is None or route is None:
            return None
        price = self._with.find_price(route, self._started_at)
        return price.cost(usage) if price else None

    def _describe(self, status: Status, fault: Fault | None) -> RequestRecord:
        credential, route = self._credential, self._tried
        is_over = status is not PENDING
        now = self._with.clock.monotonic()
        # In the order of the fields: by their names it takes three times as long.
        return RequestRecord(
            self._id,
            self._started_at,
            self._caller,
            self._model,
            self._is_stream,
            status,
            credential.alias if credential else "",
            credential.secret.masked if credential else "",
            mask(credential.binding) if credential else "",
            fault.kept_message if fault else None,
            fault.kind if fault else None,
            self._usage,
            self._first_delta_ms,
            (now - self._started) * 1000 if is_over else None,
            tuple(self.attempts),
            self._dialect,
            self._client,
            route.endpoint if route else "",
            route.model if route else "",
            self._finish if is_over else None,
            self._find_cost(),
        )
