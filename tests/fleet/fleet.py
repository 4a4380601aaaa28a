"""Many gateways with the same credentials before one upstream, on a clock that nobody waits for.

Each node's pool, breaker and shared health are the gateway's own. Its requests come at random and
look for an answer as `service/inference/search.py` does, without waiting and trying again: another
credential where one is refused, nobody where the breaker is open.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from cursor_api.domain.credential import Credential, Secret
from cursor_api.domain.errors import Fault, FaultKind, Scope
from cursor_api.pool.breaker import Breaker, BreakerOptions
from cursor_api.pool.lease import Ask, Lease
from cursor_api.pool.pool import Pool
from cursor_api.pool.slot import LeaseOutcome
from cursor_api.service.credentials.pools import CredentialPools
from cursor_api.service.credentials.shared_health import (
    LOOK_EVERY_S,
    SharedHealth,
    SharedHealthParts,
)
from cursor_api.service.inference.endpoints import Endpoints
from cursor_api.service.inference.failover import FailoverOptions
from tests.endpoints import endpoint_of
from tests.fakes import ListObserver, ScriptedUpstream
from tests.fleet.channel import Channel, Delay, Server
from tests.fleet.world import World

MODEL: Final = "m"
ASK: Final = Ask(MODEL)
# Until an answer begins, or a refusal comes.
ANSWER_S: Final = 0.3
# Credentials that one request tries.
TRIES_MAX: Final = FailoverOptions().refusal_count_max
OK: Final = LeaseOutcome(is_success=True)
NEAR: Final = Delay(0.0002, 0.001)


@dataclass(frozen=True)
class Plan:
    """How many of each; `per_s` requests come to each node."""

    node_count: int = 200
    credential_count: int = 10_000
    per_s: float = 20.0
    delay: Delay = NEAR
    seed: int = 1


@dataclass
class Upstream:
    """Whom all nodes ask, and what it has seen. Instants are unix seconds, names aliases."""

    world: World
    is_out: bool = False
    revoked: set[str] = field(default_factory=set)
    limited_until: dict[str, float] = field(default_factory=dict)
    asked_at: list[float] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    # Of each that recovers: when it was first asked again, and by how many until it answered.
    first_asked_at: dict[str, float] = field(default_factory=dict)
    probed: Counter[str] = field(default_factory=Counter)

    def ask(self, alias: str) -> Fault | None:
        """What comes of a request that reaches it now."""
        now = self.world.now()
        self.asked_at.append(now)
        if self.is_out:
            return Fault(FaultKind.UPSTREAM_ERROR, "It is out.")
        if alias in self.revoked:
            self.refused[alias] += 1
            return Fault(FaultKind.CREDENTIAL_REJECTED, "It is revoked.")
        until = self.limited_until.get(alias)
        if until is None:
            return None
        if now < until:
            self.refused[alias] += 1
            return Fault(FaultKind.RATE_LIMITED, "It is limited.", retry_after_s=until - now)
        if now < self.first_asked_at.setdefault(alias, now) + ANSWER_S:
            self.probed[alias] += 1
        return None


class Node:
    """One gateway."""

    def __init__(self, fleet: Fleet, number: int) -> None:
        world = fleet.world
        self._fleet = fleet
        self._chance = random.Random(fleet.plan.seed * 1000 + number)
        self.breaker = Breaker(BreakerOptions())
        self.pool = Pool(world, self._chance.random)
        endpoint = endpoint_of(ScriptedUpstream({}), self.pool, name="one")
        self.pools = CredentialPools(Endpoints([endpoint], ListObserver()))
        self.pools.replace(fleet.credentials)
        self.channel = Channel(fleet.server, number)
        parts = SharedHealthParts(self.channel, self.pools, fleet.digests.__getitem__, world)
        self.health = SharedHealth(parts)
        self.pool.watcher = self.health
        world.after(self._chance.random(), self.channel.connect)
        world.after(self._chance.random(), self._tend)
        self._await_request()

    def _tend(self) -> None:
        self.health.tend()
        self._fleet.world.after(LOOK_EVERY_S, self._tend)

    def _await_request(self) -> None:
        self._fleet.world.after(self._chance.expovariate(self._fleet.plan.per_s), self._request)

    def _request(self) -> None:
        self._await_request()
        self.ask(ASK)

    def ask(self, ask: Ask, tried: frozenset[Credential] = frozenset()) -> None:
        """One request, or its next try."""
        world, ends = self._fleet.world, self._fleet.ends
        try:
            self.breaker.check(world.now())
            lease = self.pool.lease(ask, tried)
        except Fault as refusal:
            ends.append((world.now(), refusal.kind.value))
            return
        is_probe = self.breaker.take(world.now())
        fault = self._fleet.upstream.ask(lease.credential.alias)
        world.after(ANSWER_S, self._end, ask, tried, (lease, fault, is_probe))

    def _end(
        self,
        ask: Ask,
        tried: frozenset[Credential],
        came: tuple[Lease, Fault | None, bool],
    ) -> None:
        lease, fault, is_probe = came
        now = self._fleet.world.now()
        self.breaker.record(fault, now, is_probe=is_probe)
        lease.settle(OK if fault is None else LeaseOutcome(is_success=False, fault=fault))
        if fault is None:
            self._fleet.ends.append((now, "answered"))
        elif fault.scope is Scope.CREDENTIAL and len(tried) + 1 < TRIES_MAX and not ask.pinned:
            self.ask(ask, tried | {lease.credential})
        else:
            self._fleet.ends.append((now, fault.kind.value))


class Fleet:
    """All of it. `ends` are requests that are over: when, and "answered" or the fault's name."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.world = World()
        self.chance = random.Random(plan.seed)
        self.upstream = Upstream(self.world)
        self.server = Server(self.world, plan.delay, random.Random(plan.seed + 1))
        self.credentials = [
            Credential(f"c{number}", Secret(f"secret{number}"), "", "one")
            for number in range(plan.credential_count)
        ]
        self.digests = {one: f"{number:016x}" for number, one in enumerate(self.credentials)}
        self.ends: list[tuple[float, str]] = []
        self.nodes: Sequence[Node] = [Node(self, number) for number in range(plan.node_count)]
        self.run_for(3.0)

    def run_for(self, seconds: float) -> None:
        """Let it live."""
        self.world.run_for(seconds)

    def knowing_count(self, alias: str) -> int:
        """How many nodes do not use a credential now."""
        now = self.world.now()
        return sum(
            one.pool.get_slot(alias).find_hindrance(MODEL, now) is not None for one in self.nodes
        )
