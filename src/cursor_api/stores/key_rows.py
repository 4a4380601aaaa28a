"""API keys and prices as rows of a database, the same in each."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from typing import Any, Final

from cursor_api.domain.api_key import ApiKey
from cursor_api.domain.periods import Period, Unit
from cursor_api.domain.permission import Permission
from cursor_api.domain.price import Price
from cursor_api.domain.quota import Budget, Limits

Row = tuple[Any, ...]
# In the order of the rows here.
KEY_COLUMNS: Final = (
    *("id", "digest", "previous_digest", "previous_until", "hint", "name", "owner", "note"),
    *("role", "models", "requests_per_minute", "tokens_per_minute", "requests_per_day"),
    *("tokens_per_day", "concurrent_max", "budget_amount", "budget_unit", "budget_period"),
    *("output_reserve_count", "zone", "created_at", "expires_at", "revoked_at", "version"),
)
PRICE_COLUMNS: Final = (
    *("pattern", "valid_from", "input_nano", "output_nano", "cache_read_nano"),
    *("cache_written_nano", "source"),
)


def key_row(key: ApiKey) -> Row:
    """The columns of `api_keys`, in their order."""
    limits, budget = key.limits, key.limits.budget
    return (
        key.id,
        key.digest,
        key.previous_digest,
        key.previous_until,
        key.hint,
        key.name,
        key.owner,
        key.note,
        key.role.value,
        json.dumps(key.models),
        limits.requests_per_minute,
        limits.tokens_per_minute,
        limits.requests_per_day,
        limits.tokens_per_day,
        limits.concurrent_max,
        budget.amount if budget else None,
        budget.unit.value if budget else None,
        budget.period.value if budget else None,
        limits.output_reserve_count,
        key.zone,
        key.created_at,
        key.expires_at,
        key.revoked_at,
        key.version,
    )


def key_of(row: Sequence[Any]) -> ApiKey:
    """The key of such a row."""
    told, limited, rest = row[:10], row[10:19], row[19:]
    id_, digest, previous_digest, previous_until, hint, name, owner, note, role, models = told
    zone, created_at, expires_at, revoked_at, version = rest
    return ApiKey(
        id=id_,
        digest=bytes(digest),
        hint=hint,
        name=name,
        created_at=created_at,
        owner=owner,
        note=note,
        role=Permission(role),
        models=tuple(json.loads(models)),
        limits=_limits_of(limited),
        zone=zone,
        expires_at=expires_at,
        revoked_at=revoked_at,
        previous_digest=None if previous_digest is None else bytes(previous_digest),
        previous_until=previous_until,
        version=version,
    )


def _limits_of(row: Sequence[Any]) -> Limits:
    requests, tokens, day_requests, day_tokens, concurrent_max, *budgeted, reserved = row
    amount, unit, period = budgeted
    return Limits(
        requests,
        tokens,
        day_requests,
        day_tokens,
        concurrent_max,
        None if amount is None else Budget(amount, Unit(unit), Period(period)),
        reserved,
    )


def price_row(price: Price) -> Row:
    """The columns of `prices`, in their order."""
    return (
        price.pattern,
        price.valid_from.isoformat(),
        price.input_nano,
        price.output_nano,
        price.cache_read_nano,
        price.cache_written_nano,
        price.source,
    )


def price_of(row: Sequence[Any]) -> Price:
    """The price of such a row."""
    pattern, day, input_nano, output_nano, read_nano, written_nano, source = row
    return Price(
        pattern,
        dt.date.fromisoformat(day),
        input_nano,
        output_nano,
        source,
        read_nano,
        written_nano,
    )
