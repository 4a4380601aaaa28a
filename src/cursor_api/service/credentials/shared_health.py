"""What one node finds out of a credential all nodes know: cooldowns, quarantines, and their ends.

Rules of this file:
- Each node decides by its own copy. What it finds out it tells; what it hears takes the place of
  what it knew. The last one to speak is right.
- Times travel as seconds from now, never as a clock's: clocks of nodes differ.
- A cooldown that is over is tried by one node at a time: whoever tries tells, and the others wait.
- What a node has under way counts for as long as it says so: a dead one's is free after a lease.
- Credentials are named by the digest of the secret. A caller's own are nobody's business.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import Final

import msgspec
from msgspec import Struct

from cursor_api.domain.credential import Credential
from cursor_api.domain.credential_health import Cooldown, Quarantine, QuarantineReason
from cursor_api.pool.slot import Slot
from cursor_api.ports.facts import Fact, FactChannel
from cursor_api.ports.process import Clock
from cursor_api.service.credentials.pools import CredentialPools
from cursor_api.service.credentials.shared_use import SharedUse

# While one node tries whether a cooldown is over, or until it is taken for dead.
PROBE_S: Final = 10.0
# For nodes that come later: a day after it is over they find out by themselves.
KEPT_S: Final = 24 * 3600.0
QUARANTINE_KEPT_S: Final = 365 * 24 * 3600.0
LOOK_EVERY_S: Final = 1.0
# Of credentials that are not here, or not yet.
UNPLACED_MAX: Final = 20_000
# Of a node's id, what it is called by; enough among hundreds.
NAME_CHARS: Final = 6
# Instead of a model, where all are meant.
_ALL: Final = ""
_State = Cooldown | Quarantine


class _Cooling(msgspec.Struct):
    left_s: float
    step: int
    cause: str


class _Quarantined(msgspec.Struct):
    reason: QuarantineReason
    age_s: float
    detail: str


class SharedHealthParts(Struct, frozen=True):
    """What it works with. `digest` is what a credential is known by.

    `is_leaving` says whether this node takes no more clients.
    """

    channel: FactChannel
    pools: CredentialPools
    digest: Callable[[Credential], str]
    clock: Clock
    is_leaving: Callable[[], bool] = lambda: False


class SharedHealth:
    """Implements `HealthWatcher`, `ports.FactListener` and `ports.Nodes`."""

    def __init__(self, parts: SharedHealthParts) -> None:
        self._with = parts
        self._slots: Sequence[Slot] = ()
        self._by_digest: dict[str, Slot] = {}
        self._digests: dict[Slot, str] = {}
        # What all know, by credential and model; of what is well nothing is kept.
        self._known: dict[str, dict[str, _State]] = {}
        # By name, with when it was so.
        self._unplaced: dict[str, tuple[Fact, float]] = {}
        self._use = SharedUse(parts.channel, parts.pools, parts.clock)
        parts.channel.listen(self)

    def __repr__(self) -> str:
        return f"SharedHealth(known={len(self._known)}, unplaced={len(self._unplaced)})"

    @property
    def node_count(self) -> int:
        """How many nodes there are, this one included."""
        return self._use.node_count

    @property
    def name(self) -> str:
        """See ports.Nodes."""
        return self._with.channel.node[:NAME_CHARS]

    def is_another(self, name: str) -> bool:
        """See ports.Nodes."""
        return name != self.name and self._use.knows(name)

    def changed(self, slot: Slot) -> None:
        """See pool.HealthWatcher."""
        self._look()
        digest = self._digests.get(slot)
        if digest is None:
            return
        self._use.tell(slot, digest)
        if not slot.cooldowns and slot.quarantine is None and digest not in self._known:
            return
        for model in {*slot.cooldowns, *self._known.get(digest, ())} - {_ALL}:
            self._tell_change(digest, model, slot.cooldowns.get(model))
        self._tell_change(digest, _ALL, slot.quarantine)

    def taken(self, slot: Slot, model: str, *, is_probe: bool) -> None:
        """See pool.HealthWatcher."""
        cooldown, digest = slot.cooldowns.get(model), self._digests.get(slot)
        if digest is not None:
            self._use.tell(slot, digest)
        if is_probe and cooldown is not None and digest is not None:
            now = self._with.clock.now()
            trying = Cooldown(now + PROBE_S, cooldown.step, cooldown.cause)
            self._tell_change(digest, model, trying)

    def hear(self, fact: Fact) -> None:
        """See ports.FactListener."""
        self._look()
        self._take(fact, self._with.clock.now())

    def begin(self, facts: Sequence[Fact]) -> None:
        """See ports.FactListener. What nobody has told so far is told."""
        self._look()
        self._use.begin()
        now = self._with.clock.now()
        for fact in facts:
            self._take(fact, now)
        told = {fact.name for fact in facts}
        for slot, digest in self._digests.items():
            for model, cooldown in slot.cooldowns.items():
                if _name(digest, model) not in told:
                    self._tell(digest, model, cooldown)
            if slot.quarantine is not None and _name(digest, _ALL) not in told:
                self._tell(digest, _ALL, slot.quarantine)

    def leave(self) -> None:
        """This node ends: nothing waits here for a request that is still to come."""
        self._use.leave()

    async def watch(self, every_s: float = LOOK_EVERY_S) -> None:
        """Tell credentials that are new what was heard of them before; for ever."""
        while True:
            self.tend()
            await asyncio.sleep(every_s)

    def tend(self) -> None:
        """One such look; counts that last are told again, and those of dead nodes forgotten."""
        self._look()
        if self._with.is_leaving():
            self.leave()
        self._use.renew(self._by_digest)
        self._use.forget_the_dead(self._by_digest)

    def _look(self) -> None:
        """Know the credentials of now."""
        slots = self._with.pools.slots
        if slots is self._slots:
            return
        known, self._slots = self._digests, slots
        self._digests = {
            slot: known.get(slot) or self._with.digest(slot.credential) for slot in slots
        }
        self._by_digest = {digest: slot for slot, digest in self._digests.items()}
        unplaced, self._unplaced = self._unplaced, {}
        for fact, at in unplaced.values():
            self._take(fact, at)

    def _take(self, fact: Fact, now: float) -> None:
        if self._use.is_of_use(fact):
            self._use.take(fact, self._by_digest)
            return
        digest, _, model = fact.name.partition("|")
        slot = self._by_digest.get(digest)
        if slot is None:
            self._unplaced.pop(fact.name, None)
            if fact.state and len(self._unplaced) < UNPLACED_MAX:
                self._unplaced[fact.name] = (fact, now)
            return
        said_at, pools = now - fact.age_s, self._with.pools
        # What a newer version may tell in another form is for those who understand it.
        with contextlib.suppress(msgspec.MsgspecError):
            if model == _ALL:
                quarantine = _read_quarantine(fact.state, said_at)
                self._know(digest, model, quarantine)
                pools.learn_quarantine(slot, quarantine)
            else:
                cooldown = _read_cooldown(fact.state, said_at)
                self._know(digest, model, cooldown)
                pools.learn(slot, model, cooldown)

    def _tell_change(self, digest: str, model: str, state: _State | None) -> None:
        if self._known.get(digest, {}).get(model) != state:
            self._tell(digest, model, state)

    def _tell(self, digest: str, model: str, state: _State | None) -> None:
        self._know(digest, model, state)
        name, now, kept_s = _name(digest, model), self._with.clock.now(), KEPT_S
        told: _Cooling | _Quarantined
        match state:
            case None:
                self._with.channel.tell(Fact(name, b""), kept_s)
                return
            case Cooldown():
                told = _Cooling(state.until_at - now, state.step, state.cause)
                kept_s += max(0.0, told.left_s)
            case Quarantine():
                told = _Quarantined(state.reason, now - state.since_at, state.detail)
                kept_s = QUARANTINE_KEPT_S
        self._with.channel.tell(Fact(name, msgspec.json.encode(told)), kept_s)

    def _know(self, digest: str, model: str, state: _State | None) -> None:
        if state is not None:
            self._known.setdefault(digest, {})[model] = state
        elif digest in self._known:
            self._known[digest].pop(model, None)
            if not self._known[digest]:
                del self._known[digest]


def _name(digest: str, model: str) -> str:
    return f"{digest}|{model}"


def _read_cooldown(state: bytes, said_at: float) -> Cooldown | None:
    if not state:
        return None
    told = msgspec.json.decode(state, type=_Cooling)
    return Cooldown(said_at + told.left_s, told.step, told.cause)


def _read_quarantine(state: bytes, said_at: float) -> Quarantine | None:
    if not state:
        return None
    told = msgspec.json.decode(state, type=_Quarantined)
    return Quarantine(told.reason, said_at - told.age_s, told.detail)
