"""Hours and days as their viewer has them, made of whole hours of UTC.

A day begins at the first instant of its date in the zone: it has 23 or 25 hours where clocks are
set. Sums are kept by hours of UTC; one belongs to the day in which it begins. In a zone that is
half an hour off, the first half hour of a day may therefore count to the day before.
"""

from __future__ import annotations

import enum
from bisect import bisect_right
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from cursor_api.domain.periods import HOUR_S, ceil_hour, hour_of

# A quarter of hours, and more than a year of days: no chart and no table shows as many.
HOURS_MAX = 2400
DAYS_MAX = 400
# The last days that a calendar can hold have no end in it.
UNTIL_MAX = datetime(9999, 12, 28, tzinfo=UTC).timestamp()


class By(enum.Enum):
    """How long a period is."""

    HOUR = "hour"
    DAY = "day"


class Periods:
    """All periods from the one of `since` to the one in which `until` is reached; unix seconds.

    Raises ValueError where there are none or too many, with words for the caller.
    """

    def __init__(self, by: By, zone: ZoneInfo, since: float, until: float) -> None:
        if not since < until:
            raise ValueError("it is not before 'until'")
        if until > UNTIL_MAX:
            raise ValueError("it is at the end of all calendars")
        count_max = HOURS_MAX if by is By.HOUR else DAYS_MAX
        if until - since > count_max * (HOUR_S if by is By.HOUR else 24 * HOUR_S):
            raise ValueError(f"it is more than {count_max} {by.value}s before 'until'")
        borders = _hours(since, until) if by is By.HOUR else _days(zone, since, until)
        *self.starts, self.until = borders

    @property
    def since(self) -> int:
        """When the first one begins."""
        return self.starts[0]

    def find_start(self, hour_at: int) -> int:
        """When the period of this hour of UTC begins; the hour is in one of them."""
        return self.starts[bisect_right(self.starts, hour_at) - 1]


def _hours(since: float, until: float) -> Sequence[int]:
    return range(hour_of(since), ceil_hour(until) + 1, HOUR_S)


def _days(zone: ZoneInfo, since: float, until: float) -> Sequence[int]:
    day = datetime.fromtimestamp(since, zone).date()
    borders = [_midnight(day, zone)]
    if borders[0] > since:
        # The hour in which the day began counts to the one before.
        borders.insert(0, _midnight(day - timedelta(days=1), zone))
    while borders[-1] < until:
        day += timedelta(days=1)
        borders.append(_midnight(day, zone))
    return borders


def _midnight(day: date, zone: ZoneInfo) -> int:
    """When a date begins, rounded up to a whole hour of UTC."""
    return ceil_hour(datetime.combine(day, time.min, zone).timestamp())
