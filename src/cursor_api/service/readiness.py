"""Whether anybody could be answered now, and what stands in the way.

A reason is a code with what belongs to it, so that each reader says it in words of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from msgspec import Struct

from cursor_api.domain.words import UpstreamWords
from cursor_api.pool.breaker import Breaker, BreakerState
from cursor_api.pool.slot import Slot
from cursor_api.ports.process import Clock
from cursor_api.service.credentials.pools import CredentialPools
from cursor_api.service.credentials.report import Instant, State, find_state, instant
from cursor_api.service.inference.catalog import Catalog
from cursor_api.service.inference.endpoints import Endpoint, Endpoints

# In these a credential serves every model, or does as soon as one of its places is free.
READY = frozenset({State.HEALTHY, State.BUSY})


class Reason(Struct, frozen=True, omit_defaults=True):
    """What stands in the way of answers.

    `no_credentials`: there is none. `none_ready`: none can serve now; one is tried again at
    `until_at`, where that is known. `upstream_open`: `upstream` failed so often, last with `fault`,
    that it is not asked before `until_at`; of one whose other models work, that is
    `upstream/model`. `no_models`: no upstream has told what it serves. `no_upstreams`: there is
    nobody to ask. `draining`: the gateway is shutting down.
    """

    code: str
    upstream: str | None = None
    fault: str | None = None
    until_at: Instant | None = None


class CredentialCounts(Struct, frozen=True):
    """How many credentials there are, how many serve, and how many are in each state."""

    ready: int
    total: int
    by_state: Mapping[str, int]


class UpstreamStanding(Struct, frozen=True):
    """One upstream; `state`: closed (it is asked), open, half_open (the next request finds out)."""

    kind: str
    state: BreakerState


class Readiness:
    """Looks at the endpoints and their credentials, and remembers nothing.

    With `is_passthrough` callers bring credentials of their own.
    """

    def __init__(
        self,
        endpoints: Endpoints,
        pools: CredentialPools,
        catalog: Catalog,
        clock: Clock,
        *,
        is_passthrough: bool,
    ) -> None:
        self._endpoints = endpoints
        self._pools = pools
        self._catalog = catalog
        self._clock = clock
        self._is_passthrough = is_passthrough

    def find_hindrance(self) -> Reason | None:
        """Why nobody would be answered; None where somebody would: a look at few credentials."""
        if any(self._is_asked(one) and self._has_models(one) for one in self._endpoints.values()):
            return None
        return next(self.reasons(), Reason("no_upstreams"))

    def reasons(self) -> Iterator[Reason]:
        """All there are: those by which nobody is answered come first."""
        if not self._pools.slots and not self._is_passthrough:
            yield Reason("no_credentials")
        elif not self._is_passthrough and not any(map(self._has_ready, self._endpoints.values())):
            yield Reason("none_ready", until_at=self._next_try_at())
        # Models that a kind is known to have help nobody without a credential for it.
        asked = list(filter(self._has_anybody, self._endpoints.values()))
        if not any(map(self._has_models, asked or self._endpoints.values())):
            yield Reason("no_models")
        now = self._clock.monotonic()
        for name, endpoint in self._endpoints.items():
            if not self._has_anybody(endpoint):
                continue
            whole = endpoint.breakers.standing(now)
            if whole.state(now) is BreakerState.OPEN:
                yield self._tell_open(name, whole)
            for model, breaker in endpoint.breakers.left_alone(now):
                yield self._tell_open(f"{name}/{model}", breaker)

    def _tell_open(self, upstream: str, breaker: Breaker) -> Reason:
        until_at = instant(self._clock.now() + breaker.left_s(self._clock.monotonic()))
        cause = breaker.cause.kind.value if breaker.cause else None
        return Reason("upstream_open", upstream, cause, until_at)

    def credentials(self) -> CredentialCounts:
        """Of all endpoints together."""
        now = self._clock.now()
        states = Counter(find_state(slot, now) for slot in self._pools.slots)
        return CredentialCounts(
            ready=sum(states[state] for state in READY),
            total=states.total(),
            by_state={state.value: count for state, count in states.items()},
        )

    @property
    def waiting_count(self) -> int:
        """Requests that wait until a credential has room."""
        return sum(endpoint.pool.waiting_count for endpoint in self._endpoints.values())

    @property
    def words(self) -> Mapping[str, UpstreamWords]:
        """What people are told about each upstream, by its name."""
        return {name: endpoint.words for name, endpoint in self._endpoints.items()}

    def upstreams(self) -> Mapping[str, UpstreamStanding]:
        """All that could be asked, by name."""
        now = self._clock.monotonic()
        return {
            name: UpstreamStanding(endpoint.kind.name, endpoint.breakers.standing(now).state(now))
            for name, endpoint in self._endpoints.items()
        }

    def _is_asked(self, endpoint: Endpoint) -> bool:
        now = self._clock.monotonic()
        if endpoint.breakers.standing(now).state(now) is BreakerState.OPEN:
            return False
        return self._is_passthrough or self._has_ready(endpoint)

    def _has_ready(self, endpoint: Endpoint) -> bool:
        return any(self._serves(slot, endpoint) for slot in endpoint.pool.slots)

    def _serves(self, slot: Slot, endpoint: Endpoint) -> bool:
        """Whether it serves some model, though it may be cooling for another."""
        now = self._clock.now()
        state = find_state(slot, now)
        if state is not State.COOLING:
            return state in READY
        return any(slot.is_in_service(one, now) for one in self._catalog.names_at(endpoint.name))

    def _has_models(self, endpoint: Endpoint) -> bool:
        return bool(self._catalog.names_at(endpoint.name))

    def _has_anybody(self, endpoint: Endpoint) -> bool:
        return self._is_passthrough or bool(endpoint.pool.slots)

    def _next_try_at(self) -> Instant | None:
        now = self._clock.now()
        waiting = [
            cooldown.until_at
            for slot in self._pools.slots
            if find_state(slot, now) is State.COOLING
            for cooldown in slot.cooldowns.values()
            if cooldown.until_at > now
        ]
        return instant(min(waiting)) if waiting else None
