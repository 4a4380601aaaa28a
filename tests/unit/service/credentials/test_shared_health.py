"""Two nodes with the same credentials: what one finds out, both know."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from cursor_api.domain.credential import Credential, Secret
from cursor_api.domain.credential_health import QuarantineReason
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.pool.lease import Ask
from cursor_api.pool.pool import Pool
from cursor_api.pool.slot import Hindrance, LeaseOutcome
from cursor_api.ports.facts import Fact, FactListener
from cursor_api.service.credentials.pools import CredentialPools
from cursor_api.service.credentials.shared_health import (
    PROBE_S,
    SharedHealth,
    SharedHealthParts,
)
from cursor_api.service.credentials.shared_use import LEASE_S
from cursor_api.service.inference.endpoints import Endpoints
from tests.endpoints import endpoint_of
from tests.fakes import ListObserver, ScriptedUpstream, StillClock

A, B = (Credential(alias, Secret(f"secret-of-{alias}"), "", "one") for alias in "ab")
MODEL = "m"
LIMITED = Fault(FaultKind.RATE_LIMITED, "slow down", retry_after_s=60.0)
REVOKED = Fault(FaultKind.CREDENTIAL_REJECTED, "no such key")


class Wire:
    """Implements `FactChannel` between the nodes of a test; what is told arrives at once."""

    def __init__(self) -> None:
        self.nodes: list[tuple[Wire.End, FactListener]] = []
        self.told: dict[str, Fact] = {}

    class End:
        """That of one node."""

        def __init__(self, wire: Wire) -> None:
            self._wire = wire
            self.node = f"node{len(wire.nodes)}"
            self.is_up = True

        def tell(self, fact: Fact, kept_s: float) -> None:
            """To all others."""
            assert kept_s >= LEASE_S
            self._wire.told[fact.name] = fact
            for end, listener in self._wire.nodes:
                if end is not self:
                    listener.hear(fact)

        def listen(self, listener: FactListener) -> None:
            """The node is there."""
            self._wire.nodes.append((self, listener))


class Node:
    """A pool of both credentials, at a wire."""

    def __init__(self, wire: Wire, clock_at: float = 0.0, *credentials: Credential) -> None:
        self.clock = StillClock()
        self.clock.seconds += clock_at
        pool = Pool(self.clock, lambda: 0.5)
        endpoints = Endpoints([endpoint_of(ScriptedUpstream({}), pool, name="one")], ListObserver())
        self.pools = CredentialPools(endpoints)
        self.pool = pool
        self.pools.replace(credentials or (A, B))
        self.end = Wire.End(wire)
        self.is_leaving = False
        parts = SharedHealthParts(
            self.end, self.pools, _digest, self.clock, lambda: self.is_leaving
        )
        self.health = SharedHealth(parts)
        pool.watcher = self.health
        self.health.begin(list(wire.told.values()))

    def hindrance(self, alias: str = "a", model: str = MODEL) -> Hindrance | None:
        """Why it does not serve."""
        return self.pools.get_slot(alias).find_hindrance(model, self.clock.now())

    def ask(self, fault: Fault | None = None, alias: str = "a") -> None:
        """One request of it."""
        lease = self.pool.lease(Ask(MODEL, pinned=alias))
        lease.settle(LeaseOutcome(is_success=fault is None, fault=fault))

    def left_s(self, alias: str = "a") -> float:
        """Of its cooldown."""
        return self.pools.get_slot(alias).cooldowns[MODEL].until_at - self.clock.now()


def _digest(credential: Credential) -> str:
    return f"digest-of-{credential.alias}"


@pytest.fixture
def wire() -> Wire:
    """Nobody is at it."""
    return Wire()


def nodes(wire: Wire) -> Sequence[Node]:
    """Two, whose clocks are a minute apart."""
    return Node(wire), Node(wire, 60.0)


def test_what_cools_at_one_cools_at_all_for_as_long(wire: Wire) -> None:
    """Whatever their clocks say; other models and other credentials go on."""
    mine, theirs = nodes(wire)
    mine.ask(LIMITED)
    assert theirs.hindrance() is Hindrance.COOLING
    assert theirs.left_s() == pytest.approx(60.0)
    assert theirs.hindrance(model="other") is None
    assert theirs.hindrance("b") is None
    assert "secret" not in repr(wire.told)


def test_one_tries_whether_it_is_over(wire: Wire) -> None:
    """The others wait for it, or until it is taken for dead; a success is everybody's."""
    mine, theirs = nodes(wire)
    mine.ask(LIMITED)
    for one in (mine, theirs):
        one.clock.seconds += 61
    lease = mine.pool.lease(Ask(MODEL, pinned="a"))
    assert theirs.hindrance() is Hindrance.COOLING
    assert theirs.left_s() == pytest.approx(PROBE_S)
    lease.settle(LeaseOutcome(is_success=True))
    assert theirs.hindrance() is None
    assert repr(theirs.health) == repr(mine.health) == "SharedHealth(known=0, unplaced=0)"


def test_a_probe_that_fails_is_everybodys_failure(wire: Wire) -> None:
    """The wait grows for all."""
    mine, theirs = nodes(wire)
    mine.ask(Fault(FaultKind.RATE_LIMITED, "slow down"))
    for one in (mine, theirs):
        one.clock.seconds += 31
    mine.ask(Fault(FaultKind.RATE_LIMITED, "slow down"))
    assert theirs.pools.get_slot("a").cooldowns[MODEL].step == 1
    assert theirs.left_s() == pytest.approx(mine.left_s())


def test_a_quarantine_is_everybodys_and_so_is_its_end(wire: Wire) -> None:
    """A person clears it at any of them."""
    mine, theirs = nodes(wire)
    mine.ask(REVOKED)
    assert theirs.hindrance() is Hindrance.QUARANTINED
    quarantine = theirs.pools.get_slot("a").quarantine
    assert quarantine is not None
    assert quarantine.reason is QuarantineReason.REVOKED
    assert quarantine.since_at == theirs.clock.now()
    theirs.pools.clear("a")
    assert mine.hindrance() is None


def test_who_comes_later_knows_it(wire: Wire) -> None:
    """What is older is over the sooner."""
    mine, _ = nodes(wire)
    mine.ask(LIMITED)
    [name] = wire.told
    wire.told[name] = wire.told[name]._replace(age_s=20.0)
    late = Node(wire, 1000.0)
    assert late.left_s() == pytest.approx(40.0)


def test_who_knows_what_nobody_has_told_tells_it(wire: Wire) -> None:
    """A server that has lost all hears it again; what was told as over is not revived."""
    mine, theirs = nodes(wire)
    mine.ask(LIMITED)
    mine.ask(REVOKED, "b")
    told = dict(wire.told)
    wire.told.clear()
    mine.health.begin([])
    assert wire.told.keys() == told.keys()
    theirs.health.begin([fact._replace(state=b"") for fact in told.values()])
    assert theirs.hindrance() is None
    assert theirs.hindrance("b") is None


async def test_what_is_heard_of_a_credential_that_is_not_here_yet_waits_for_it(wire: Wire) -> None:
    """Files of two nodes change one after the other."""
    mine, theirs = Node(wire), Node(wire, 0.0, B)
    mine.ask(REVOKED)
    assert repr(theirs.health) == "SharedHealth(known=0, unplaced=1)"
    theirs.pools.replace([A, B])
    watching = asyncio.create_task(theirs.health.watch(0.0))
    await asyncio.sleep(0)
    watching.cancel()
    assert theirs.hindrance() is Hindrance.QUARANTINED


def test_a_callers_own_credential_is_nobodys_business(wire: Wire) -> None:
    """Nothing is told of it; nor is what nobody understands a reason to stop."""
    mine, theirs = nodes(wire)
    own = Credential("own", Secret("secret-of-a-caller"), "", "one")
    lease = mine.pool.lease(Ask(MODEL, own=(own,)))
    lease.settle(LeaseOutcome(is_success=False, fault=REVOKED))
    assert wire.told == {}
    theirs.health.hear(Fact("digest-of-a|m", b'{"of": "another version"}'))
    theirs.health.hear(Fact("digest-of-a|", b"not even JSON"))
    assert theirs.hindrance() is None
