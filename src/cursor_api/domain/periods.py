"""Calendar periods in a time zone: a day has 23, 24 or 25 hours, as its clocks show it."""

from __future__ import annotations

import datetime as dt
import enum
import math
from typing import Final, NamedTuple

HOUR_S: Final = 3600
NANO_PER_DOLLAR: Final = 1_000_000_000


class Period(enum.Enum):
    """How long what is counted adds up. Weeks begin on Monday."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class Unit(enum.Enum):
    """What a budget counts."""

    TOKENS = "tokens"
    NANO_DOLLARS = "nano_dollars"


class Span(NamedTuple):
    """One such period. Instants are unix seconds, the end belongs to the next one.

    Names of one kind sort by time and no two kinds share one: 2025-03-30, 2025-W13, 2025-03.
    """

    name: str
    begins_at: float
    ends_at: float


class Moment(NamedTuple):
    """An instant, in unix seconds, with the day and the period of a budget that it is in.

    `period` is None where there is no budget.
    """

    at: float
    day: Span
    period: Span | None = None


def hour_of(at: float) -> int:
    """The whole hour of UTC in which an instant lies: by these, records are summed."""
    return int(at // HOUR_S) * HOUR_S


def ceil_hour(at: float) -> int:
    """The first whole hour of UTC that does not begin before the instant."""
    return -int(-at // HOUR_S) * HOUR_S


def find_span(period: Period, zone: dt.tzinfo, at: float) -> Span:
    """The period that this instant is in, as a calendar on the wall of the zone has it."""
    # Whole seconds: fromtimestamp() rounds, and the last instant of a day would be in the next.
    day = dt.datetime.fromtimestamp(math.floor(at), zone).date()
    match period:
        case Period.DAY:
            first, days_count = day, 1
            name = day.isoformat()
        case Period.WEEK:
            year, week, weekday = day.isocalendar()
            first, days_count = day - dt.timedelta(days=weekday - 1), 7
            name = f"{year:04}-W{week:02}"
        case Period.MONTH:
            first = day.replace(day=1)
            # From any first of a month, 31 days on is in the next one.
            days_count = 31
            name = f"{day:%Y-%m}"
    after = first + dt.timedelta(days=days_count)
    if period is Period.MONTH:
        after = after.replace(day=1)
    return Span(name, _midnight(first, zone), _midnight(after, zone))


def _midnight(day: dt.date, zone: dt.tzinfo) -> float:
    """When the day begins; where its clocks skip midnight, that is the instant of the skip."""
    return dt.datetime.combine(day, dt.time(), zone).timestamp()
