"""Counters of API keys that several nodes share.

Rules of this file:
- Scripts decide and count; whatever they are told twice they count once (see lua/).
- What ends is told until the server has heard it; it waits here while the server is away.
- A server that has lost what it counted is told by the records, and what was under way then is
  counted when it ends.
"""

from __future__ import annotations

import functools
import math
import os
from collections.abc import Sequence
from typing import Final, NamedTuple

from msgspec import Struct

from cursor_api.domain.errors import StoreAwayError
from cursor_api.domain.quota import (
    Admitted,
    Bucket,
    Claim,
    Counters,
    Limits,
    Refused,
    Unknown,
    decide,
)
from cursor_api.ports.limits import Settlement
from cursor_api.stores.memory_limits import LEASE_S
from cursor_api.stores.redis.link import Argument, Packed, RedisLink, pack_part
from cursor_api.stores.redis.outbox import Outbox
from cursor_api.stores.redis.scripts import read_script

# What waits while the server is away: a minute at 500 requests a second. What is dropped stays
# counted as it was reserved.
UNTOLD_MAX: Final = 30_000
# Of as many keys as there may be what each of their commands has is kept ready.
PACKED_MAX: Final = 10_000

_ADMIT: Final = read_script("admit")
_SETTLE: Final = read_script("settle")
_SEED: Final = read_script("seed")
_FIND: Final = read_script("find")
_RENEW: Final = read_script("renew")
_FORGET: Final = read_script("forget")
LIMIT_SCRIPTS: Final = (_ADMIT, _SETTLE, _SEED, _FIND, _RENEW, _FORGET)
_YES, _NO, _UNKNOWN = 1, 0, 2


class _LetIn(NamedTuple):
    """In which counters a request is counted."""

    epoch: str
    day: str
    period: str


class _Answer(Struct, frozen=True):
    """What a script says."""

    verdict: int
    now_ms: int
    live_count: int
    known: str
    epoch: str
    counters: Counters


_NEVER: Final = _LetIn("", "", "")
_Place = tuple[str, str]


class RedisLimitStore:
    """Implements `ports.LimitStore` over a link that has LIMIT_SCRIPTS."""

    def __init__(self, link: RedisLink, lease_s: float = LEASE_S) -> None:
        self._link = link
        self._lease_ms = round(lease_s * 1000)
        # By key and request: None while it is not known whether it was let in.
        self._let_in: dict[_Place, _LetIn | None] = {}
        # By key and request, or what is said of a key.
        self._untold: Outbox[_Place] = Outbox(link, UNTOLD_MAX)

    def __repr__(self) -> str:
        return f"RedisLimitStore(untold={len(self._untold)})"

    async def admit(self, claim: Claim) -> Admitted | Refused | Unknown:
        """See ports.LimitStore."""
        place = (claim.key_id, claim.request_id)
        if self._link.is_up:
            # Else nobody hears of it, and nothing is to be taken back.
            self._let_in.setdefault(place, None)
        answer = _read(await self._link.ask(_ADMIT, self._question(claim)))
        if answer.verdict == _YES:
            counters = answer.counters
            self._let_in[place] = _LetIn(answer.epoch, counters.day, counters.period)
            return Admitted(counters)
        if self._let_in[place] is None:
            del self._let_in[place]
        if answer.verdict == _UNKNOWN:
            return Unknown()
        if answer.verdict != _NO:
            raise StoreAwayError("The request was given up meanwhile.")
        # Whose limit it is, and for how long, is said by the same rules.
        return decide(claim, answer.counters, answer.live_count, answer.now_ms)

    def settle(self, settlement: Settlement) -> None:
        """See ports.LimitStore."""
        place = (settlement.key_id, settlement.request_id)
        if place not in self._let_in:
            return
        let_in = self._let_in.pop(place)
        self._untold.tell(
            place,
            _SETTLE,
            (
                *(_marked_keys(settlement.key_id), _mark(*place), settlement.request_id),
                *(settlement.spent.tokens_count, settlement.spent.cost_nano),
                *(settlement.tokens_per_minute or 0, "" if let_in else "gone"),
                *(let_in or _NEVER),
            ),
        )

    async def renew(self, key_id: str, request_ids: Sequence[str]) -> None:
        """See ports.LimitStore."""
        mine = [one for one in request_ids if self._let_in.get((key_id, one)) is not None]
        if mine:
            await self._link.call(_RENEW, _keys(key_id), self._lease_ms, *mine)

    async def seed(self, key_id: str, counters: Counters, age_s: float = 0.0) -> None:
        """See ports.LimitStore."""
        await self._link.call(
            _SEED,
            _keys(key_id),
            *(self._link.run, os.urandom(8).hex()),
            *(counters.day, counters.day_request_count, counters.day_token_count),
            *(counters.period, counters.period_token_count, counters.period_cost_nano),
            round(age_s * 1000),
        )

    async def find(self, key_id: str, limits: Limits) -> Counters | Unknown:
        """See ports.LimitStore."""
        answer = _read(await self._link.call(_FIND, _keys(key_id)))
        if limits.is_lasting and answer.known != self._link.run:
            return Unknown()
        return answer.counters.filled(limits, answer.now_ms)

    async def forget(self, key_id: str, seeded_within_s: float | None = None) -> None:
        """See ports.LimitStore; when the server is there again, where it is away."""
        keys, within_ms = _keys(key_id), 0
        if seeded_within_s is not None:
            within_ms = max(1, math.ceil(seeded_within_s * 1000))
        # What is said with a condition does not take the place of what is said without.
        name = "seeded" if within_ms else ""
        self._untold.tell((key_id, name), _FORGET, (len(keys), *keys, within_ms))

    def _question(self, claim: Claim) -> tuple[Argument, ...]:
        key_id, request_id = claim.key_id, claim.request_id
        return (
            *(_marked_keys(key_id), _mark(key_id, request_id), request_id, self._lease_ms),
            *claim.reserved,
            _spell(claim.limits),
            *(claim.moment.day.name, claim.period, self._link.run),
        )


def _keys(key_id: str) -> tuple[str, str, str]:
    """One tag for all of a key: they stay together in a cluster behind a proxy."""
    stem = f"ca:k:{{{key_id}}}"
    return f"{stem}:c", f"{stem}:live", f"{stem}:held"


@functools.lru_cache(PACKED_MAX)
def _marked_keys(key_id: str) -> Packed:
    """How many keys there are, and all but the last one, which is the mark of a request."""
    keys = _keys(key_id)
    return pack_part(len(keys) + 1, *keys)


@functools.lru_cache(PACKED_MAX)
def _spell(limits: Limits) -> Packed:
    """As the script wants them, in its order."""
    budget = limits.budget
    return pack_part(
        *(limits.requests_per_minute or 0, limits.tokens_per_minute or 0),
        *(limits.requests_per_day or 0, limits.tokens_per_day or 0),
        *(limits.concurrent_max or 0, budget.amount if budget else 0),
        *(budget.unit.value if budget else "", int(limits.is_lasting)),
    )


def _mark(key_id: str, request_id: str) -> str:
    return f"ca:k:{{{key_id}}}:gone:{request_id}"


def _read(reply: bytes) -> _Answer:
    """The order is that of NAMES in lua/counters.lua."""
    values = reply.decode().split("|")
    verdict, now_ms, live_count = map(int, values[:3])
    known, epoch = values[3:5]
    requests, requests_at, tokens, tokens_at = map(int, values[5:9])
    day, day_requests, day_tokens, period, period_tokens, period_cost = values[9:]
    counters = Counters(
        Bucket(requests, requests_at),
        Bucket(tokens, tokens_at),
        day,
        int(day_requests),
        int(day_tokens),
        period,
        int(period_tokens),
        int(period_cost),
    )
    return _Answer(verdict, now_ms, live_count, known, epoch, counters)
