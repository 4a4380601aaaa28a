"""Where it is counted what API keys use, so that no limit is passed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from cursor_api.domain.quota import Admitted, Claim, Counters, Limits, Refused, Spent, Unknown


class Settlement(Struct, frozen=True):
    """What a request has used in the end. The limit of a minute is the one that the key has now."""

    key_id: str
    request_id: str
    spent: Spent
    tokens_per_minute: int | None


class LimitStore(Protocol):
    """Counts. However many ask at once, no more are let in than fit.

    Whoever was let in holds one of its key's places among the requests at once, by a lease that
    ends by itself when nobody renews it: after a crash none is held for ever. Each method but
    `settle` and `forget` raises StoreAwayError where the counters cannot be reached; it may have
    counted then.
    """

    async def admit(self, claim: Claim) -> Admitted | Refused | Unknown:
        """Let a request in and count it, or neither.

        Asked again with the same request's id it answers yes and counts nothing, until that is
        settled. Unknown only for a key with lasting limits that was never seeded.
        """
        ...

    def settle(self, settlement: Settlement) -> None:
        """The request is over: its place is free, and what it used is counted.

        Must not block or raise; what is asked later sees it. Of a request that is not held, which
        was settled before or never let in, nothing changes. One of which `admit` gave no answer
        was none: it is not counted, though the counters may have let it in.
        """
        ...

    async def renew(self, key_id: str, request_ids: Sequence[str]) -> None:
        """These requests are still under way."""
        ...

    async def seed(self, key_id: str, counters: Counters, age_s: float = 0.0) -> None:
        """What the key has used in this day and period, without what is held.

        It is taken only where nothing is known, and never added to what is; nor where `forget` has
        said since `age_s` seconds ago, when this was asked for, that it is incomplete. The buckets
        of a minute stay as they are.
        """
        ...

    async def find(self, key_id: str, limits: Limits) -> Counters | Unknown:
        """What the key has used, reserved included, its buckets as they are now.

        Unknown as `admit` says it.
        """
        ...

    async def forget(self, key_id: str, seeded_within_s: float | None = None) -> None:
        """Nothing is known any more of the day and the period: the next one to ask seeds.

        With `seeded_within_s` only where it was seeded so recently: what seeded it was incomplete.
        """
        ...
