"""API keys and prices as JSON: what is taken, what is told, and how the two are read.

Money is in dollars as decimal numbers, exact to the billionth: `"20"`, `"0.075"`, or the same
without the quotes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import TypeVar

from msgspec import UNSET, Struct, UnsetType

from cursor_api.domain.api_key import ApiKey, KeyState, KeyTerms
from cursor_api.domain.errors import Fault, invalid_request
from cursor_api.domain.periods import NANO_PER_DOLLAR, Period, Unit
from cursor_api.domain.permission import Permission
from cursor_api.domain.price import Price
from cursor_api.domain.quota import Budget, Limit, Limits
from cursor_api.domain.standing import Standing
from cursor_api.service.access.key_terms import NANO_MAX
from cursor_api.service.credentials.report import Instant, find_instant, instant

_T = TypeVar("_T")

DOLLARS_MAX = NANO_MAX // NANO_PER_DOLLAR


class BudgetShape(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """So much in each calendar period of the key's time zone: `tokens`, or `dollars`."""

    period: Period
    tokens: int | None = None
    dollars: Decimal | None = None


class LimitsIn(Struct, forbid_unknown_fields=True):
    """What the key may use; null takes a limit away, what is absent stays.

    `output_reserve_count` is how many tokens are reserved for an answer whose request does not
    bound it.
    """

    requests_per_minute: int | UnsetType | None = UNSET
    tokens_per_minute: int | UnsetType | None = UNSET
    requests_per_day: int | UnsetType | None = UNSET
    tokens_per_day: int | UnsetType | None = UNSET
    concurrent_max: int | UnsetType | None = UNSET
    budget: BudgetShape | UnsetType | None = UNSET
    output_reserve_count: int | UnsetType = UNSET


class KeyIn(Struct, forbid_unknown_fields=True):
    """A new key. Without an `id` it gets one that is like its name.

    `models` are names with `*` for any text; an empty list allows all.
    """

    name: str
    id: str | None = None
    owner: str = ""
    note: str = ""
    role: Permission = Permission.CHAT
    models: tuple[str, ...] = ()
    limits: LimitsIn | None = None
    time_zone: str = "UTC"
    expires_at: Instant | None = None


class KeyPatch(Struct, forbid_unknown_fields=True):
    """What to change; what is absent stays. With a `version` only if it still is that one."""

    name: str | UnsetType = UNSET
    owner: str | UnsetType = UNSET
    note: str | UnsetType = UNSET
    role: Permission | UnsetType = UNSET
    models: tuple[str, ...] | UnsetType = UNSET
    limits: LimitsIn | UnsetType = UNSET
    time_zone: str | UnsetType = UNSET
    expires_at: Instant | UnsetType | None = UNSET
    version: int | None = None


class RotationIn(Struct, forbid_unknown_fields=True):
    """For how many seconds the secret before goes on to be good."""

    keep_old_s: float = 0.0


class LimitsOut(Struct, frozen=True):
    """What the key may use; null is no limit."""

    requests_per_minute: int | None
    tokens_per_minute: int | None
    requests_per_day: int | None
    tokens_per_day: int | None
    concurrent_max: int | None
    budget: BudgetShape | None
    output_reserve_count: int


class LeftOut(Struct, frozen=True):
    """One limit: `left` of `amount`, in `unit`, and in how many seconds all is there again.

    `nano_dollars` are billionths of a dollar.
    """

    limit: Limit
    unit: str
    amount: int
    left: int
    reset_s: float


class KeyOut(Struct, frozen=True):
    """A key without its secret, of which `hint` is the beginning.

    `left` is null where nothing was asked of its limits yet. The secret before the last rotation is
    good until `previous_until`.
    """

    id: str
    name: str
    owner: str
    note: str
    role: Permission
    state: KeyState
    hint: str
    models: tuple[str, ...]
    limits: LimitsOut
    time_zone: str
    created_at: Instant
    expires_at: Instant | None
    revoked_at: Instant | None
    previous_until: Instant | None
    version: int
    left: Sequence[LeftOut] | None = None


class KeysOut(Struct, frozen=True):
    """All of them, in the order in which they were made."""

    keys: Sequence[KeyOut]


class NewKeyOut(Struct, frozen=True):
    """A key and its secret, which is told this once."""

    key: KeyOut
    secret: str


class PriceShape(Struct, forbid_unknown_fields=True):
    """What a million tokens of a model cost, in dollars, from a day (UTC) on.

    `model` is a name, or `upstream/model`, with `*` for any text. `source` says where the figures
    are from. Without prices of their own, tokens from the cache and those written into it cost what
    input costs.
    """

    model: str
    valid_from: dt.date
    input: Decimal
    output: Decimal
    source: str
    cache_read: Decimal | None = None
    cache_written: Decimal | None = None


class PricesOut(Struct, frozen=True):
    """All of them, by model and day."""

    prices: Sequence[PriceShape]


def terms_of_new(given: KeyIn) -> KeyTerms:
    """What is said of a new key; raises Fault for money that is none."""
    return KeyTerms(
        given.name,
        given.owner,
        given.note,
        given.role,
        given.models,
        _limits(Limits(), given.limits or LimitsIn()),
        given.time_zone,
        given.expires_at.timestamp() if given.expires_at else None,
    )


def changed_terms(terms: KeyTerms, given: KeyPatch) -> KeyTerms:
    """These with what is given; raises Fault for money that is none."""
    limits, expires_at = terms.limits, terms.expires_at
    if not isinstance(given.limits, UnsetType):
        limits = _limits(limits, given.limits)
    if not isinstance(given.expires_at, UnsetType):
        expires_at = given.expires_at.timestamp() if given.expires_at else None
    return KeyTerms(
        _or(given.name, terms.name),
        _or(given.owner, terms.owner),
        _or(given.note, terms.note),
        _or(given.role, terms.role),
        _or(given.models, terms.models),
        limits,
        _or(given.time_zone, terms.zone),
        expires_at,
    )


def show_key(key: ApiKey, now: float, standing: Standing | None) -> KeyOut:
    """A key as it stands."""
    return KeyOut(
        id=key.id,
        name=key.name,
        owner=key.owner,
        note=key.note,
        role=key.role,
        state=key.state(now),
        hint=key.hint,
        models=key.models,
        limits=show_limits(key.limits),
        time_zone=key.zone,
        created_at=instant(key.created_at),
        expires_at=find_instant(key.expires_at),
        revoked_at=find_instant(key.revoked_at),
        previous_until=find_instant(key.find_previous_end(now)),
        version=key.version,
        left=None if standing is None else show_left(standing),
    )


def show_limits(limits: Limits) -> LimitsOut:
    """All of them."""
    budget = limits.budget
    return LimitsOut(
        limits.requests_per_minute,
        limits.tokens_per_minute,
        limits.requests_per_day,
        limits.tokens_per_day,
        limits.concurrent_max,
        budget and BudgetShape(budget.period, limits.budget_tokens, _dollars(limits.budget_nano)),
        limits.output_reserve_count,
    )


def show_left(standing: Standing) -> Sequence[LeftOut]:
    """What is left of each limit."""
    return [
        LeftOut(one.limit, one.unit, one.amount, one.left_count, round(one.reset_s, 3))
        for one in standing.lefts
    ]


def read_price(given: PriceShape) -> Price:
    """A price; raises Fault for money that is none."""
    return Price(
        given.model,
        given.valid_from,
        _nano("input", given.input),
        _nano("output", given.output),
        given.source,
        None if given.cache_read is None else _nano("cache_read", given.cache_read),
        None if given.cache_written is None else _nano("cache_written", given.cache_written),
    )


def show_price(price: Price) -> PriceShape:
    """A price in dollars."""
    return PriceShape(
        price.pattern,
        price.valid_from,
        dollars_of(price.input_nano),
        dollars_of(price.output_nano),
        price.source,
        _dollars(price.cache_read_nano),
        _dollars(price.cache_written_nano),
    )


def dollars_of(nano: int) -> Decimal:
    """Billionths as dollars, in as few digits as it takes."""
    dollars = Decimal(nano) / NANO_PER_DOLLAR
    return dollars.quantize(Decimal(1)) if dollars == dollars.to_integral() else dollars.normalize()


def _dollars(nano: int | None) -> Decimal | None:
    return None if nano is None else dollars_of(nano)


def _limits(limits: Limits, given: LimitsIn) -> Limits:
    budget = limits.budget
    if not isinstance(given.budget, UnsetType):
        budget = _budget(given.budget) if given.budget else None
    return Limits(
        _or(given.requests_per_minute, limits.requests_per_minute),
        _or(given.tokens_per_minute, limits.tokens_per_minute),
        _or(given.requests_per_day, limits.requests_per_day),
        _or(given.tokens_per_day, limits.tokens_per_day),
        _or(given.concurrent_max, limits.concurrent_max),
        budget,
        _or(given.output_reserve_count, limits.output_reserve_count),
    )


def _budget(given: BudgetShape) -> Budget:
    if given.tokens is not None and given.dollars is None:
        return Budget(given.tokens, Unit.TOKENS, given.period)
    if given.dollars is not None and given.tokens is None:
        nano = _nano("limits.budget.dollars", given.dollars)
        return Budget(nano, Unit.NANO_DOLLARS, given.period)
    raise invalid_request(
        "'limits.budget' has either 'tokens' or 'dollars'.",
        code="invalid_value",
        param="limits.budget",
    )


def _nano(param: str, dollars: Decimal) -> int:
    # Looked at before it is computed with: a number of a million digits fits into few characters.
    if dollars.is_finite() and 0 <= dollars <= DOLLARS_MAX:
        nano = dollars * NANO_PER_DOLLAR
        if nano == nano.to_integral():
            return int(nano)
    raise _no_money(param)


def _no_money(param: str) -> Fault:
    return invalid_request(
        f"'{param}' is not an amount of dollars from 0 to {DOLLARS_MAX:,} with at most nine"
        " decimals.",
        code="invalid_value",
        param=param,
    )


def _or(given: _T | UnsetType, kept: _T) -> _T:
    return kept if isinstance(given, UnsetType) else given
