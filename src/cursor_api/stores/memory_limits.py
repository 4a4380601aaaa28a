"""The counters of one process: the reference implementation of their port.

Nothing here waits between looking and counting, so that however many ask at once, each sees what
the one before it has left.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from cursor_api.domain.quota import (
    Admitted,
    Claim,
    Counters,
    Held,
    Limits,
    Refused,
    Unknown,
    decide,
    settle,
)
from cursor_api.ports.limits import Settlement
from cursor_api.ports.process import Clock

# How long a request holds its place without a sign of life.
LEASE_S = 30.0


class _Key:
    """What one key has used. `is_known`: the day and the period are, since `seeded_at`.

    At `late_at` it was said that what seeds it may be incomplete.
    """

    __slots__ = ("counters", "held", "is_known", "late_at", "leases", "seeded_at")

    def __init__(self) -> None:
        self.counters = Counters()
        self.is_known = False
        self.seeded_at = 0.0
        self.late_at = -math.inf
        self.held: dict[str, Held] = {}
        # When each ends, by the monotonic clock.
        self.leases: dict[str, float] = {}


class MemoryLimitStore:
    """Implements `ports.LimitStore` for as long as the process lasts."""

    def __init__(self, clock: Clock, lease_s: float = LEASE_S) -> None:
        self._clock = clock
        self._lease_s = lease_s
        self._keys: dict[str, _Key] = {}

    def __repr__(self) -> str:
        held_count = sum(len(key.held) for key in self._keys.values())
        return f"MemoryLimitStore(keys={len(self._keys)}, held={held_count})"

    async def admit(self, claim: Claim) -> Admitted | Refused | Unknown:
        """Let a request in and count it, or neither."""
        key = self._keys.get(claim.key_id)
        if key is None:
            key = self._keys[claim.key_id] = _Key()
        if claim.request_id in key.held:
            return Admitted(key.counters)
        if not key.is_known and claim.limits.is_lasting:
            return Unknown()
        now = self._clock.monotonic()
        if (
            claim.limits.concurrent_max is not None
            and len(key.leases) >= claim.limits.concurrent_max
        ):
            key.leases = {one: until for one, until in key.leases.items() if until > now}
        decision = decide(claim, key.counters, len(key.leases), int(now * 1000))
        if isinstance(decision, Admitted):
            key.counters = decision.counters
            key.held[claim.request_id] = claim.held_in(key.counters)
            key.leases[claim.request_id] = now + self._lease_s
        return decision

    def settle(self, settlement: Settlement) -> None:
        """The request is over."""
        key = self._keys.get(settlement.key_id)
        held = key.held.pop(settlement.request_id, None) if key else None
        if key is None or held is None:
            return
        key.leases.pop(settlement.request_id, None)
        key.counters = settle(
            key.counters,
            held,
            settlement.spent,
            settlement.tokens_per_minute,
            int(self._clock.monotonic() * 1000),
        )

    async def renew(self, key_id: str, request_ids: Sequence[str]) -> None:
        """These requests are still under way."""
        key = self._keys.get(key_id)
        if key is not None:
            until = self._clock.monotonic() + self._lease_s
            key.leases.update({one: until for one in request_ids if one in key.held})

    async def seed(self, key_id: str, counters: Counters, age_s: float = 0.0) -> None:
        """What the key has used in this day and period, without what is held."""
        key = self._keys.setdefault(key_id, _Key())
        now = self._clock.monotonic()
        if key.is_known or key.late_at > now - age_s:
            return
        key.is_known, key.seeded_at = True, now
        # What is under way is settled in the period in which it is counted.
        for request_id, held in key.held.items():
            counters = counters.add(held.reserved, 1)
            key.held[request_id] = held._replace(day=counters.day, period=counters.period)
        old = key.counters
        key.counters = counters._replace(requests=old.requests, tokens=old.tokens)

    async def find(self, key_id: str, limits: Limits) -> Counters | Unknown:
        """What the key has used, reserved included, its buckets as they are now."""
        key = self._keys.get(key_id)
        if limits.is_lasting and (key is None or not key.is_known):
            return Unknown()
        counters = key.counters if key else Counters()
        return counters.filled(limits, int(self._clock.monotonic() * 1000))

    async def forget(self, key_id: str, seeded_within_s: float | None = None) -> None:
        """Nothing is known any more of the day and the period."""
        key, now = self._keys.setdefault(key_id, _Key()), self._clock.monotonic()
        if seeded_within_s is None or key.seeded_at >= now - seeded_within_s:
            key.is_known = False
        if seeded_within_s is not None:
            key.late_at = now
