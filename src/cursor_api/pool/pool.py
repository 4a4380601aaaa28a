"""The stateful shell around selection and cooldown: who holds which credential right now.

Rules of this file:
- `lease` decides at once; what it finds is explained when it finds nothing. Only `wait` waits.
- A lease is settled exactly once, with what came of it; a second time changes nothing.
- The clock and chance are arguments of the pool, so that a test owns both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final

from msgspec import Struct

from cursor_api.domain.credential import Credential, Secret
from cursor_api.domain.credential_health import CredentialHealth, Preferences
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.pool.clock_steps import ClockStepDetector
from cursor_api.pool.lease import Ask, Lease, LeaseHooks
from cursor_api.pool.refusal import explain, is_in_use
from cursor_api.pool.selection import Policy, StickyMap, Tier
from cursor_api.pool.slot import HealthWatcher, LeaseOutcome, Slot
from cursor_api.pool.waiting import Queue, QueueOptions
from cursor_api.ports.process import Clock

NO_CREDENTIALS = "No credential is configured."
# In its class, Python 3.11 takes long to find a member.
_ROUND_ROBIN: Final = Policy.ROUND_ROBIN
_FILL_FIRST: Final = Policy.FILL_FIRST
_STICKY: Final = Policy.STICKY


class RotationState(Struct, frozen=True):
    """Where a tier's rotation stands, in a form that outlives a change of the credentials."""

    secrets: Sequence[Secret]
    turns_left: int


class Pool:
    """Credentials in the user's order, handed out by policy, cooled and healed by outcome."""

    def __init__(
        self,
        clock: Clock,
        random: Callable[[], float],
        policy: Policy = Policy.ROUND_ROBIN,
        queue: QueueOptions | None = None,
        no_credentials: str = NO_CREDENTIALS,
    ) -> None:
        self._wall_clock = ClockStepDetector(clock)
        self._random = random
        self._policy = policy
        self._slots: list[Slot] = []
        self._tiers: list[Tier] = []
        self._by_alias: dict[str, int] = {}
        self._sticky = StickyMap()
        self._own_next_index = 0
        self._leased_count = 0
        self._queue = Queue(queue or QueueOptions())
        self._no_credentials = no_credentials
        self._hooks = LeaseHooks(self._settle, self._blame)
        # Goes up with every change worth keeping over a restart.
        self.revision = 0
        self.watcher: HealthWatcher | None = None

    def __repr__(self) -> str:
        return (
            f"Pool({self._policy.value}, credentials={len(self._slots)},"
            f" leased={self._leased_count}, queue={self._queue}, tiers={self._tiers})"
        )

    @property
    def credentials(self) -> tuple[Credential, ...]:
        """All of them, in order."""
        return tuple(slot.credential for slot in self._slots)

    @property
    def slots(self) -> Sequence[Slot]:
        """All states, in order; for looking, not for changing."""
        return self._slots

    @property
    def leased_count(self) -> int:
        """Leases not yet settled."""
        return self._leased_count

    @property
    def waiting_count(self) -> int:
        """Requests in the queue."""
        return len(self._queue)

    def put(
        self,
        credentials: Sequence[Credential],
        kept: Mapping[Credential, tuple[Preferences, CredentialHealth]] | None = None,
    ) -> Sequence[Slot]:
        """Serve from these from now on, in their order; gives their slots.

        A credential that stays keeps its state; a new one begins with what is `kept` of it from
        an earlier run, and one that takes the place of one of its alias that goes (a renewed token)
        with the preferences of that one. Rotation goes on after the credential used last.
        `serve_waiting` has to follow: what can be had now may be others.
        """
        known = {slot.credential.secret: slot for slot in self._slots}
        staying = {credential.secret for credential in credentials}
        # Of those that go: an alias by position passes from a key that stays on to another one.
        preferences = {
            slot.credential.alias: slot.preferences
            for slot in self._slots
            if slot.credential.secret not in staying
        }
        now = self._now()
        slots = []
        for credential in credentials:
            # Taken: two of the same secret would otherwise be one.
            slot = known.pop(credential.secret, None)
            if slot is None:
                begun = (preferences.get(credential.alias), None)
                slot = Slot(credential, *(kept or {}).get(credential, begun))
                slot.bound_cooldowns(now)
            slot.credential = credential
            slots.append(slot)
        rotation = self._rotation()
        self._slots = slots
        self._by_alias = {slot.credential.alias: index for index, slot in enumerate(slots)}
        self._build_tiers(rotation)
        return slots

    def serve_waiting(self) -> None:
        """Give those who wait what can be had now; who waits for nothing, its fault."""
        if self._queue:
            now = self._now()

            def find(ask: Ask, tried: AbstractSet[Credential]) -> Lease | None:
                lease = self._find(ask, tried, now)
                if lease is None:
                    self._check_wait(ask, tried, now)
                return lease

            self._queue.serve(find)

    def use_policy(self, policy: Policy) -> None:
        """Choose by another policy from the next lease on."""
        self._policy = policy

    def set_preferences(self, alias: str, preferences: Preferences) -> None:
        """Change what the owner wants of a credential; raises Fault(NOT_FOUND)."""
        slot = self.get_slot(alias)
        has_moved = slot.preferences.priority != preferences.priority
        slot.preferences = preferences
        self.revision += 1
        if has_moved:
            self._build_tiers(self._rotation())
        self.serve_waiting()

    def clear(self, alias: str) -> None:
        """End a credential's cooldowns and quarantine; raises Fault(NOT_FOUND)."""
        slot = self.get_slot(alias)
        slot.clear()
        self._tell(slot)
        self.revision += 1
        self.serve_waiting()

    def get_slot(self, alias: str) -> Slot:
        """A credential's state; raises Fault(NOT_FOUND)."""
        index = self._by_alias.get(alias)
        if index is None:
            raise Fault(FaultKind.NOT_FOUND, "There is no credential of this alias.", param="alias")
        return self._slots[index]

    def has_alias(self, alias: str) -> bool:
        """Whether a credential of this name is here."""
        return alias in self._by_alias

    def lease(self, ask: Ask, tried: AbstractSet[Credential] = frozenset()) -> Lease:
        """Take a credential that can serve and is not among those `tried`.

        Raises Fault: NO_CREDENTIALS when a person must act, RATE_LIMITED with the time of the
        soonest return when all are cooling, OVERLOADED when all are at their limit,
        INVALID_REQUEST for an unknown pinned alias.
        """
        if ask.own:
            return self._lease_own(ask, tried)
        now = self._now()
        lease = self._find(ask, tried, now)
        if lease is None:
            raise self._explain(ask, tried, now)
        return lease

    def has_other(self, ask: Ask, tried: AbstractSet[Credential]) -> bool:
        """Whether `lease` would find one now; takes nothing, and nobody's turn."""
        if ask.own:
            return any(credential not in tried for credential in ask.own)
        if ask.pinned is not None and ask.pinned not in self._by_alias:
            return False  # removed, or renamed, since it was asked for
        now = self._now()
        return any(
            slot.credential not in tried and slot.find_hindrance(ask.model, now) is None
            for slot in self._slots_for(ask)
        )

    async def wait(self, ask: Ask, tried: AbstractSet[Credential], hindrance: Fault) -> Lease:
        """Wait for what `lease` refused with `hindrance`, Fault(OVERLOADED).

        Raises it when the queue is full, another OVERLOADED when the wait was too long.
        """
        return await self._queue.wait(ask, tried, hindrance)

    def lease_for_test(self, alias: str, model: str) -> Lease:
        """A lease of one credential whatever its state, for a person who tests it."""
        return self._grant(self.get_slot(alias), model, self._now())

    def _settle(self, slot: Slot, model: str, outcome: LeaseOutcome) -> None:
        self._leased_count -= 1
        self.revision += 1
        slot.record(model, outcome, self._now(), self._random())
        self._tell(slot)
        if self._queue:
            self._serve(slot)

    def _blame(self, slot: Slot, model: str, fault: Fault) -> None:
        now = self._now()
        if not any(one is not slot and one.is_in_service(model, now) for one in self._slots):
            return
        self.revision += 1
        outcome = LeaseOutcome(is_success=False, fault=fault)
        slot.record(model, outcome, now, self._random())
        self._tell(slot)

    def _tell(self, slot: Slot) -> None:
        if self.watcher is not None:
            self.watcher.changed(slot)

    def _serve(self, slot: Slot) -> None:
        """A credential came free: only it has to be looked at, however many there are."""
        alias = slot.credential.alias
        position = self._by_alias.get(alias)
        if position is None or self._slots[position] is not slot:
            return  # removed, or renewed, while it was leased
        now = self._now()

        def find(ask: Ask, tried: AbstractSet[Credential]) -> Lease | None:
            if ask.pinned not in {None, alias} or slot.credential in tried:
                return None
            if slot.find_hindrance(ask.model, now) is not None:
                self._check_wait(ask, tried, now)
                return None
            return self._grant(slot, ask.model, now)

        self._queue.serve(find)

    def _check_wait(self, ask: Ask, tried: AbstractSet[Credential], now: float) -> None:
        """Raises Fault for a request that waits, where nothing that it may use comes free."""
        if not is_in_use(self._slots_for(ask), ask.model, tried, now):
            raise self._explain(ask, tried, now)

    def _slots_for(self, ask: Ask) -> Sequence[Slot]:
        return self._slots if ask.pinned is None else [self.get_slot(ask.pinned)]

    def _find(self, ask: Ask, tried: AbstractSet[Credential], now: float) -> Lease | None:
        slots = self._slots

        def is_eligible(position: int) -> bool:
            slot = slots[position]
            if tried and slot.credential in tried:
                return False
            return slot.find_hindrance(ask.model, now) is None

        position = self._choose(ask, is_eligible)
        return None if position is None else self._grant(slots[position], ask.model, now)

    def _now(self) -> float:
        """Unix time. Where the clock was set, the cooldowns have gone along with it."""
        now, stepped_s = self._wall_clock.look()
        if stepped_s:
            self.revision += 1
            for slot in self._slots:
                slot.shift_cooldowns(stepped_s)
        return now

    def _grant(self, slot: Slot, model: str, now: float) -> Lease:
        self._leased_count += 1
        is_probe = slot.take(model, now)
        if self.watcher is not None:
            self.watcher.taken(slot, model, is_probe=is_probe)
        return Lease(self._hooks, slot, model, is_probe=is_probe)

    def _choose(self, ask: Ask, is_eligible: Callable[[int], bool]) -> int | None:
        if ask.pinned is not None:
            position = self._by_alias.get(ask.pinned)
            if position is None:
                raise Fault(
                    FaultKind.INVALID_REQUEST,
                    "The header x-credential, or the end of the key, names no credential of"
                    " this gateway.",
                    param="x-credential",
                )
            return position if is_eligible(position) else None
        for tier in self._tiers:
            position = self._choose_in(tier, ask, is_eligible)
            if position is not None:
                return position
        return None

    def _choose_in(self, tier: Tier, ask: Ask, is_eligible: Callable[[int], bool]) -> int | None:
        key = (ask.caller, ask.conversation)
        if not ask.conversation and self._policy is not _STICKY:
            return self._choose_by_policy(tier, is_eligible)
        had = self._sticky.find(key)
        position = self._by_alias.get(had) if had is not None else None
        if position is not None:
            is_of_tier = self._slots[position].preferences.priority == tier.priority
            if is_of_tier and is_eligible(position):
                return position
        position = self._choose_by_policy(tier, is_eligible)
        if position is not None:
            self._sticky.keep(key, self._slots[position].credential.alias)
        return position

    def _choose_by_policy(self, tier: Tier, is_eligible: Callable[[int], bool]) -> int | None:
        policy = self._policy
        if policy is _ROUND_ROBIN or policy is _STICKY:
            return tier.find_in_turn(self._weight, is_eligible)
        if policy is _FILL_FIRST:
            return tier.find_first(is_eligible)
        return tier.find_least_busy(self._load, is_eligible)

    def _weight(self, position: int) -> int:
        return self._slots[position].preferences.weight

    def _load(self, position: int) -> float:
        slot = self._slots[position]
        return slot.active_count / slot.preferences.weight

    def _lease_own(self, ask: Ask, tried: AbstractSet[Credential]) -> Lease:
        """A caller's own credentials rotate too, but nothing is remembered of them."""
        count = len(ask.own)
        for step in range(count):
            credential = ask.own[(self._own_next_index + step) % count]
            if credential not in tried:
                self._own_next_index += step + 1
                return self._grant(Slot(credential), ask.model, self._now())
        raise Fault(FaultKind.NO_CREDENTIALS, "All tokens of this request were refused.")

    def _rotation(self) -> dict[int, RotationState]:
        """Whose turn it is, by priority: all of a tier from the next one on."""
        return {
            tier.priority: RotationState(
                [self._slots[position].credential.secret for position in tier.in_turn()],
                tier.turns_left,
            )
            for tier in self._tiers
        }

    def _build_tiers(self, rotation: Mapping[int, RotationState]) -> None:
        """Group by priority; each goes on with the first of its turn that is still there."""
        by_priority: dict[int, list[int]] = {}
        for position, slot in enumerate(self._slots):
            by_priority.setdefault(slot.preferences.priority, []).append(position)
        self._tiers = []
        for priority in sorted(by_priority, reverse=True):
            tier = Tier(priority, by_priority[priority])
            self._tiers.append(tier)
            state = rotation.get(priority)
            if state is None:
                continue
            index_of = {
                self._slots[position].credential.secret: index
                for index, position in enumerate(tier.positions)
            }
            next_up = next((secret for secret in state.secrets if secret in index_of), None)
            if next_up is not None:
                tier.next_index = index_of[next_up]
                tier.turns_left = state.turns_left if next_up == state.secrets[0] else 0

    def _explain(self, ask: Ask, tried: AbstractSet[Credential], now: float) -> Fault:
        """Why nothing was found, and what helps."""
        slots = self._slots_for(ask)
        if not slots:
            return Fault(FaultKind.NO_CREDENTIALS, self._no_credentials)
        return explain(slots, ask.model, tried, now)
