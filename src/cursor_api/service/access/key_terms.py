"""What may be said of an API key, and of a price: checked once, for whoever says it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Container
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cursor_api.domain.api_key import ID_FORM, RESERVED_IDS, UTC, KeyTerms
from cursor_api.domain.catalog import ANY
from cursor_api.domain.errors import Fault, invalid_request
from cursor_api.domain.price import Price
from cursor_api.domain.quota import Limits
from cursor_api.options.kinds import is_zone
from cursor_api.options.said import tell

NAME_LENGTH_MAX: Final = 100
NOTE_LENGTH_MAX: Final = 1000
MODELS_MAX: Final = 100
STARS_MAX: Final = 8
# As model names are everywhere here, and a star.
PATTERN: Final = re.compile(r"[!-+\--~]{1,256}")
# Counts stay whole in every store: below 2 to the power of 53, a bucket counts 60,000ths.
COUNT_MAX: Final = 100_000_000_000
# Nine million dollars.
NANO_MAX: Final = 9_000_000_000_000_000
CONCURRENT_MAX: Final = 100_000
OUTPUT_RESERVE_MAX: Final = 10_000_000
# The year 2286; a later one is a mistake in units.
INSTANT_MAX: Final = 1e10


def check_id(key_id: str) -> None:
    """Raises Fault where no key can be called so."""
    if not ID_FORM.fullmatch(key_id):
        raise _wrong(
            "id",
            tell(
                "is a plain name: lower-case letters, digits, '-', '_' and '.', at most 64"
                " characters, a letter or digit first and last"
            ),
        )
    if RESERVED_IDS.fullmatch(key_id):
        raise _wrong("id", tell("is the name of other callers; choose another one"))


def derive_id(name: str, taken: Container[str]) -> str:
    """A free one that is like the name."""
    plain = re.sub(r"[^a-z0-9._]+", "-", name.lower())[:48].strip("-._") or "key"
    found, number = plain, 1
    while found in taken or RESERVED_IDS.fullmatch(found):
        number += 1
        found = f"{plain}-{number}"
    return found


def check_terms(terms: KeyTerms, now: float) -> None:
    """Raises Fault(INVALID_REQUEST) that names the field."""
    _check_text("name", terms.name, NAME_LENGTH_MAX)
    if not terms.name:
        raise _wrong("name", tell("is empty; say whose key it is"))
    _check_text("owner", terms.owner, NAME_LENGTH_MAX)
    _check_text("note", terms.note, NOTE_LENGTH_MAX)
    if len(terms.models) > MODELS_MAX:
        raise _wrong("models", tell("has more than {count} entries", count=MODELS_MAX))
    for pattern in terms.models:
        _check_pattern("models", pattern)
    _check_zone(terms.zone)
    if terms.expires_at is not None and not now < terms.expires_at < INSTANT_MAX:
        raise _wrong("expires_at", tell("is not in the future"))
    _check_limits(terms.limits)


def check_price(price: Price) -> None:
    """Raises Fault(INVALID_REQUEST) that names the field."""
    _check_pattern("model", price.pattern)
    _check_text("source", price.source, NOTE_LENGTH_MAX)
    if not price.source:
        raise _wrong("source", tell("is empty; say where the figures are from"))
    if price.valid_from < dt.date(2000, 1, 1):
        raise _wrong("valid_from", tell("is no day that a price is from"))
    for name in ("input_nano", "output_nano", "cache_read_nano", "cache_written_nano"):
        amount = getattr(price, name)
        if amount is not None and not 0 <= amount <= NANO_MAX:
            raise _wrong(name, tell("is not a whole number from 0 to {most:,}", most=NANO_MAX))


def _check_zone(name: str) -> None:
    if name == UTC:
        return
    if not is_zone(name):
        raise _wrong("time_zone", tell("is not the name of a time zone, such as Europe/Berlin"))
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError):
        raise _wrong(
            "time_zone",
            tell(
                "cannot be used: this machine has no database of time zones (the package tzdata),"
                " and knows UTC alone"
            ),
        ) from None


def _check_limits(limits: Limits) -> None:
    bounds = {
        "requests_per_minute": COUNT_MAX,
        "tokens_per_minute": COUNT_MAX,
        "requests_per_day": COUNT_MAX,
        "tokens_per_day": COUNT_MAX,
        "concurrent_max": CONCURRENT_MAX,
        "output_reserve_count": OUTPUT_RESERVE_MAX,
    }
    for name, bound in bounds.items():
        _check_amount(f"limits.{name}", getattr(limits, name), bound)
    if limits.budget is not None:
        _check_amount("limits.budget.amount", limits.budget.amount, NANO_MAX)


def _check_amount(param: str, amount: int | None, amount_max: int) -> None:
    if amount is not None and not 1 <= amount <= amount_max:
        words = tell("is not a whole number from 1 to {most:,}; null is no limit", most=amount_max)
        raise _wrong(param, words)


def _check_text(param: str, text: str, length_max: int) -> None:
    if len(text) > length_max:
        raise _wrong(param, tell("has more than {count} characters", count=length_max))
    if not text.isprintable():
        raise _wrong(param, tell("has characters that cannot be seen"))


def _check_pattern(param: str, pattern: str) -> None:
    if not PATTERN.fullmatch(pattern) or pattern.count(ANY) > STARS_MAX:
        raise _wrong(
            param,
            tell(
                "has an entry that is not the name of a model: printable ASCII without spaces and"
                " commas, at most {count} '*' for any text",
                count=STARS_MAX,
            ),
        )


def _wrong(param: str, problem: str) -> Fault:
    return invalid_request(
        tell("'{param}' {problem}.", param=param, problem=problem),
        code="invalid_value",
        param=param,
    )
