"""Lets the requests of API keys in by what their keys may use, and counts what they used.

Rules of this file:
- A request reserves before anybody is asked for it, once, whatever is tried for it then; what it
  used in the end takes the place of that, by what the upstream counts or by an estimate.
- What is not known is not guessed: without a price no budget of money is used, and without the
  records no counter begins at nothing.
- A key without limits passes without a look at any counter.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence

from msgspec import Struct

from cursor_api.domain.api_key import ApiKey
from cursor_api.domain.catalog import Route
from cursor_api.domain.chat import Incoming
from cursor_api.domain.deltas import Usage
from cursor_api.domain.errors import Fault, FaultKind, StoreAwayError, StoreError
from cursor_api.domain.periods import NANO_PER_DOLLAR, Moment, Unit
from cursor_api.domain.price import Price
from cursor_api.domain.quota import (
    NOTHING,
    Admitted,
    Claim,
    Counters,
    Limit,
    Limits,
    Refused,
    Spent,
    Unknown,
    reserve,
)
from cursor_api.domain.standing import Standing, find_standing
from cursor_api.ports.limits import LimitStore, Settlement
from cursor_api.ports.process import Clock, Observer

# A third of a lease: two signs of life may be lost.
RENEW_EVERY_S = 10.0
RETRY_AFTER_S = 1.0
# Records of another node that come while they are asked make what they tell incomplete.
SEED_COUNT_MAX = 3

_WORDS = {
    Limit.REQUESTS_PER_MINUTE: "requests a minute",
    Limit.TOKENS_PER_MINUTE: "tokens a minute",
    Limit.REQUESTS_PER_DAY: "requests a day",
    Limit.TOKENS_PER_DAY: "tokens a day",
    Limit.CONCURRENT: "requests at once",
}

# What a key has used in a day and in a period, by the records.
FindUsed = Callable[[ApiKey, Moment], Awaitable[Counters]]


class QuotaParts(Struct, frozen=True):
    """What it works with. `resolve` gives the ways to a model, `find_price` what one costs."""

    store: LimitStore
    find_used: FindUsed
    resolve: Callable[[str], Sequence[Route]]
    find_price: Callable[[Route, float], Price | None]
    clock: Clock
    observer: Observer


class Hold(Struct, frozen=True):
    """What one request has reserved, until `settle`. `standing` is what its key has left then."""

    quota: Quota
    claim: Claim
    standing: Standing

    def settle(self, usage: Usage | None, cost_nano: int | None) -> None:
        """It is over, however it ended; a second call changes nothing."""
        tokens_count = usage.total_count if usage else 0
        self.quota.settle(self.claim, Spent(tokens_count, cost_nano or 0))


class Quota:
    """The limits of all API keys."""

    def __init__(self, parts: QuotaParts) -> None:
        self._with = parts
        # Those under way, whose places are to be renewed: by key, then by request.
        self._active: dict[str, dict[str, Claim]] = {}
        # Keys with a budget that was used since somebody looked, and those of which a request did
        # not fit any more, with the period.
        self.touched: set[str] = set()
        self.full: dict[str, str] = {}
        self._seeding: dict[str, asyncio.Lock] = {}
        # Told once, until the records can be asked again.
        self._is_warned = False

    def __repr__(self) -> str:
        count = sum(map(len, self._active.values()))
        return f"Quota(keys={len(self._active)}, requests={count})"

    async def enter(self, incoming: Incoming, input_count: int) -> Hold | None:
        """Let a request of an API key in; None where the key has no limits.

        Raises Fault: MODEL_NOT_ALLOWED, KEY_LIMIT_REACHED, KEY_LIMIT_TOO_SMALL, KEY_BUDGET_SPENT,
        LIMITS_UNAVAILABLE.
        """
        key = incoming.caller.key
        if key is None:
            return None
        chat = incoming.chat
        check_model(key, chat.model)
        if not key.limits.is_any:
            return None
        now = self._with.clock.now()
        price = self._find_price(key, chat.model, now)
        asked = chat.parameters
        output_max = asked.sampling.output_count_max
        reserved = reserve(key.limits, input_count, output_max, price, asked.answers_count)
        claim = key.claim(incoming.id, reserved, now)
        try:
            decision = await self._admit(key, claim)
        except BaseException as error:
            # It may have been counted all the same.
            self._with.store.settle(_settlement(claim, NOTHING))
            if isinstance(error, StoreAwayError):
                raise _unavailable() from error
            raise
        if key.limits.budget is not None:
            self._note(claim, decision)
        if isinstance(decision, Refused):
            counters = await self._find(key)
            known = Counters() if isinstance(counters, Unknown) else counters
            raise _refuse(decision, claim, _stand(claim, known))
        self._active.setdefault(key.id, {})[claim.request_id] = claim
        return Hold(self, claim, _stand(claim, decision.counters))

    def settle(self, claim: Claim, spent: Spent) -> None:
        """A request is over."""
        requests = self._active.get(claim.key_id)
        if requests is not None:
            requests.pop(claim.request_id, None)
            if not requests:
                del self._active[claim.key_id]
        if claim.limits.budget is not None:
            self.touched.add(claim.key_id)
        self._with.store.settle(_settlement(claim, spent))

    async def peek(self, key: ApiKey) -> Standing | None:
        """The same as `stand`, where it is known without asking the records."""
        counters = await self._find(key)
        if isinstance(counters, Unknown):
            return None
        return _stand(key.claim("", NOTHING, self._with.clock.now()), counters)

    async def stand(self, key: ApiKey) -> Standing:
        """What the key has left now. Raises Fault(LIMITS_UNAVAILABLE)."""
        claim = key.claim("", NOTHING, self._with.clock.now())
        counters = await self._find(key)
        if isinstance(counters, Unknown):
            try:
                await self._seed(key, claim)
            except StoreAwayError as error:
                raise _unavailable() from error
            counters = await self._find(key)
        if isinstance(counters, Unknown):
            raise _unavailable()
        return _stand(claim, counters)

    async def find_budget_used(self, key: ApiKey) -> int | None:
        """What is used of its budget in the period of now; None where that is not known.

        What its requests here have reserved is not used yet.
        """
        budget, moment = key.limits.budget, key.moment(self._with.clock.now())
        counters = await self._find(key)
        if budget is None or moment.period is None or isinstance(counters, Unknown):
            return None
        is_money = budget.unit is Unit.NANO_DOLLARS
        counters = counters.on(moment)
        used = counters.period_cost_nano if is_money else counters.period_token_count
        for claim in self._active.get(key.id, {}).values():
            if claim.period == moment.period.name:
                used -= claim.reserved.cost_nano if is_money else claim.reserved.tokens_count
        return max(0, used)

    def _note(self, claim: Claim, decision: Admitted | Refused) -> None:
        self.touched.add(claim.key_id)
        if not isinstance(decision, Refused) or decision.limit is not Limit.BUDGET:
            return
        # Another request's reservation is in nobody's way for long, and one that is larger than
        # the whole budget says nothing of it.
        if decision.wait_s is not None and claim.key_id not in self._active:
            self.full[claim.key_id] = claim.period

    async def watch(self, every_s: float = RENEW_EVERY_S) -> None:
        """Renew the places of what is under way, for ever."""
        while True:
            await asyncio.sleep(every_s)
            # Away: two signs of life may be lost, and what is held meanwhile is nobody else's.
            with contextlib.suppress(StoreAwayError):
                for key_id, requests in list(self._active.items()):
                    await self._with.store.renew(key_id, list(requests))

    async def _find(self, key: ApiKey) -> Counters | Unknown:
        """What is known of its use; nothing, where the counters are away."""
        try:
            return await self._with.store.find(key.id, key.limits)
        except StoreAwayError:
            return Unknown()

    async def _admit(self, key: ApiKey, claim: Claim) -> Admitted | Refused:
        decision = await self._with.store.admit(claim)
        for _ in range(SEED_COUNT_MAX):
            if not isinstance(decision, Unknown):
                return decision
            await self._seed(key, claim)
            decision = await self._with.store.admit(claim)
        if isinstance(decision, Unknown):
            # Lost again and again: a store that throws away what it is told.
            raise _unavailable()
        return decision

    async def _seed(self, key: ApiKey, claim: Claim) -> None:
        """Tell the store what the records say; of many that want it, one asks them."""
        async with self._seeding.setdefault(key.id, asyncio.Lock()):
            known = await self._with.store.find(key.id, key.limits)
            if not isinstance(known, Unknown):
                return
            began_at = self._with.clock.monotonic()
            try:
                used = await self._with.find_used(key, claim.moment)
            except StoreError as error:
                if not self._is_warned:
                    self._is_warned = True
                    self._with.observer.warn(
                        "what API keys have used is not known: their requests are refused",
                        key=key.id,
                        detail=error.message,
                    )
                raise _unavailable() from error
            self._is_warned = False
            await self._with.store.seed(key.id, used, self._with.clock.monotonic() - began_at)

    def _find_price(self, key: ApiKey, model: str, now: float) -> Price | None:
        """The highest of its ways, for a budget of money; raises Fault where one has none."""
        if key.limits.budget_nano is None:
            return None
        try:
            routes = self._with.resolve(model)
        except Fault:
            # Nobody serves it, so that it costs nothing; that is told where it is looked for.
            return None
        prices = [self._with.find_price(route, now) for route in routes]
        found = [price for price in prices if price is not None]
        if len(found) < len(prices):
            fault = Fault(
                FaultKind.MODEL_NOT_ALLOWED,
                f"The budget of this API key is in money, and what the model {model[:100]!r} costs"
                " is not known. Ask for another model, or have the operator enter its price.",
                param="model",
            )
            fault.code = "model_not_priced"
            raise fault
        return max(found, key=lambda price: price.cost_max(1_000_000, 1_000_000), default=None)


def check_model(key: ApiKey, model: str) -> None:
    """Raises Fault(MODEL_NOT_ALLOWED) where the key may not ask it."""
    if not key.allows(model):
        raise Fault(
            FaultKind.MODEL_NOT_ALLOWED,
            f"This API key may not use the model {model[:100]!r}. GET /v1/models lists those that"
            " it may use.",
            param="model",
        )


class LimitReachedError(Fault):
    """A refusal, with what is left of all limits."""

    def __init__(self, kind: FaultKind, message: str, standing: Standing) -> None:
        super().__init__(kind, message)
        self.standing = standing


def _stand(claim: Claim, counters: Counters) -> Standing:
    return find_standing(claim.limits, counters, claim.moment)


def _settlement(claim: Claim, spent: Spent) -> Settlement:
    return Settlement(claim.key_id, claim.request_id, spent, claim.limits.tokens_per_minute)


def _unavailable() -> Fault:
    return Fault(
        FaultKind.LIMITS_UNAVAILABLE,
        "What this API key has used is not known at the moment, and it has limits; come back soon.",
        retry_after_s=RETRY_AFTER_S,
    )


def _refuse(refused: Refused, claim: Claim, standing: Standing) -> LimitReachedError:
    """The fault that names the limit."""
    limits = claim.limits
    if refused.limit is Limit.BUDGET:
        kind, what = FaultKind.KEY_BUDGET_SPENT, budget_in_words(limits)
    else:
        amount = getattr(limits, refused.limit.value)
        kind = FaultKind.KEY_LIMIT_REACHED
        what = f"{amount:,} {_WORDS[refused.limit]}"
    if refused.wait_s is not None:
        fault = LimitReachedError(kind, f"This API key has reached its limit of {what}.", standing)
        fault.retry_after_s = refused.wait_s if kind is FaultKind.KEY_LIMIT_REACHED else None
        return fault
    kind = FaultKind.KEY_LIMIT_TOO_SMALL if kind is FaultKind.KEY_LIMIT_REACHED else kind
    return LimitReachedError(
        kind,
        f"This request may use up to {claim.reserved.tokens_count:,} tokens, which is more than the"
        f" limit of this API key, {what}, allows at all. Ask for a shorter answer, or shorten what"
        " you send.",
        standing,
    )


def budget_in_words(limits: Limits) -> str:
    """As a person says it; "" where there is none."""
    budget = limits.budget
    if budget is None:
        return ""
    if budget.unit is Unit.TOKENS:
        return f"{budget.amount:,} tokens a {budget.period.value}"
    return f"${budget.amount / NANO_PER_DOLLAR:,.2f} a {budget.period.value}"
