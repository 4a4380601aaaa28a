"""Limits of API keys while the counters of all nodes are away: this node's share of them.

Rules of this file:
- What is left of a day or a budget, and what a minute and a moment allow, is divided by the nodes
  that there were; what was used before is told by the records.
- Whoever was let in here is settled here. What was counted here reaches the others' counters by
  the records: they are told anew when they are back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from cursor_api.domain.errors import StoreAwayError
from cursor_api.domain.periods import Unit
from cursor_api.domain.quota import (
    NOTHING,
    Admitted,
    Claim,
    Counters,
    Limits,
    Refused,
    Unknown,
)
from cursor_api.ports.limits import LimitStore, Settlement

# When to come back for what is more than this node's share, and perhaps not than the limit.
SHARE_WAIT_S = 5.0


class LocalWhenAway:
    """Implements `LimitStore` by another one that is shared, and by one of its own.

    `make_local` gives an empty one, for each time that the shared one is away; `count_nodes` how
    many share.
    """

    def __init__(
        self,
        shared: LimitStore,
        make_local: Callable[[], LimitStore],
        count_nodes: Callable[[], int],
    ) -> None:
        self._shared = shared
        self._make_local = make_local
        self._count_nodes = count_nodes
        self._local: LimitStore | None = None
        self._nodes_count = 1
        # By key, what was used when the shared counters went.
        self._bases: dict[str, Counters] = {}
        # By key and request, where it was let in.
        self._let_in: dict[tuple[str, str], LimitStore] = {}
        # Keys that were counted here, of which the shared counters do not know.
        self._untold: set[str] = set()

    def __repr__(self) -> str:
        return f"LocalWhenAway(is_local={self._local is not None}, held={len(self._let_in)})"

    async def admit(self, claim: Claim) -> Admitted | Refused | Unknown:
        """See ports.LimitStore."""
        try:
            decision = await self._ask_shared(claim)
        except StoreAwayError:
            # It may have been counted there all the same.
            self._shared.settle(Settlement(claim.key_id, claim.request_id, NOTHING, None))
            return await self._ask_local(claim)
        self._local = None
        self._bases.clear()
        return decision

    def settle(self, settlement: Settlement) -> None:
        """See ports.LimitStore."""
        place = (settlement.key_id, settlement.request_id)
        self._let_in.pop(place, self._shared).settle(settlement)

    async def renew(self, key_id: str, request_ids: Sequence[str]) -> None:
        """See ports.LimitStore."""
        shared = [one for one in request_ids if (key_id, one) not in self._let_in]
        for local in {self._let_in[key_id, one] for one in request_ids if one not in shared}:
            await local.renew(key_id, request_ids)
        if shared:
            await self._shared.renew(key_id, shared)

    async def seed(self, key_id: str, counters: Counters, age_s: float = 0.0) -> None:
        """See ports.LimitStore."""
        try:
            await self._shared.seed(key_id, counters, age_s)
        except StoreAwayError:
            self._bases.setdefault(key_id, counters)
            await self._begin().seed(key_id, counters)

    async def find(self, key_id: str, limits: Limits) -> Counters | Unknown:
        """See ports.LimitStore."""
        try:
            return await self._shared.find(key_id, limits)
        except StoreAwayError:
            return await self._begin().find(key_id, limits)

    async def forget(self, key_id: str, seeded_within_s: float | None = None) -> None:
        """See ports.LimitStore."""
        await self._shared.forget(key_id, seeded_within_s)
        if self._local is not None and seeded_within_s is None:
            self._bases.pop(key_id, None)
            await self._local.forget(key_id)

    async def _ask_shared(self, claim: Claim) -> Admitted | Refused | Unknown:
        if claim.key_id in self._untold:
            await self._shared.find(claim.key_id, claim.limits)
            await self._shared.forget(claim.key_id)
            self._untold.discard(claim.key_id)
        return await self._shared.admit(claim)

    async def _ask_local(self, claim: Claim) -> Admitted | Refused | Unknown:
        local = self._begin()
        share = claim._replace(limits=self._share_of(claim))
        decision = await local.admit(share)
        if isinstance(decision, Admitted):
            self._let_in[claim.key_id, claim.request_id] = local
            self._untold.add(claim.key_id)
        if isinstance(decision, Refused) and decision.wait_s is None:
            return decision._replace(wait_s=SHARE_WAIT_S)
        return decision

    def _begin(self) -> LimitStore:
        if self._local is None:
            self._local, self._nodes_count = self._make_local(), max(1, self._count_nodes())
        return self._local

    def _share_of(self, claim: Claim) -> Limits:
        limits = claim.limits
        used = self._bases.get(claim.key_id, Counters()).on(claim.moment)
        budget = limits.budget
        if budget is not None:
            is_money = budget.unit is Unit.NANO_DOLLARS
            spent = used.period_cost_nano if is_money else used.period_token_count
            budget = budget._replace(amount=self._rest(budget.amount, spent) or 0)
        return replace(
            limits,
            requests_per_minute=self._part(limits.requests_per_minute),
            tokens_per_minute=self._part(limits.tokens_per_minute),
            concurrent_max=self._part(limits.concurrent_max),
            requests_per_day=self._rest(limits.requests_per_day, used.day_request_count),
            tokens_per_day=self._rest(limits.tokens_per_day, used.day_token_count),
            budget=budget,
        )

    def _part(self, limit: int | None) -> int | None:
        """Of what a minute or a moment allows, at least 1."""
        return None if limit is None else max(1, limit // self._nodes_count)

    def _rest(self, limit: int | None, used: int) -> int | None:
        """What was used, and this node's part of what is left."""
        return None if limit is None else used + max(0, limit - used) // self._nodes_count
