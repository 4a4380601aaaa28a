"""Days, weeks and months as the clocks of a zone show them."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cursor_api.domain.periods import HOUR_S, Period, ceil_hour, find_span, hour_of

ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kolkata",
    "Africa/Cairo",
    "America/Havana",
    "Pacific/Apia",
    "Australia/Lord_Howe",
)


def _at(text: str) -> float:
    return dt.datetime.fromisoformat(text).timestamp()


def test_a_whole_hour_begins_itself() -> None:
    """Before 1970 as well."""
    hour = int(_at("2025-06-01T12:00+00:00"))
    assert hour_of(hour) == hour_of(hour + 3599.999) == hour
    assert ceil_hour(hour) == ceil_hour(hour - 3599.999) == hour
    assert (hour_of(-0.5), ceil_hour(-0.5)) == (-HOUR_S, 0)


@pytest.mark.parametrize(
    ("zone", "inside", "hours"),
    [
        ("Europe/Berlin", "2025-03-30T12:00+02:00", 23.0),
        ("Europe/Berlin", "2025-10-26T12:00+01:00", 25.0),
        ("Europe/Berlin", "2025-06-01T12:00+02:00", 24.0),
        ("Australia/Lord_Howe", "2025-10-05T12:00+11:00", 23.5),
        # The clocks skip midnight itself there: the day begins at one.
        ("Africa/Cairo", "2025-04-25T12:00+03:00", 23.0),
    ],
)
def test_a_day_is_as_long_as_its_clocks_say(zone: str, inside: str, hours: float) -> None:
    """A limit for each day is there again when the owner's clock says midnight, not 24 h later."""
    span = find_span(Period.DAY, ZoneInfo(zone), _at(inside))
    assert (span.ends_at - span.begins_at) / HOUR_S == hours
    assert span.name == inside[:10]


@pytest.mark.parametrize(
    ("period", "name", "begins", "ends"),
    [
        (Period.DAY, "2026-01-01", "2026-01-01T00:00+01:00", "2026-01-02T00:00+01:00"),
        (Period.WEEK, "2026-W01", "2025-12-29T00:00+01:00", "2026-01-05T00:00+01:00"),
        (Period.MONTH, "2026-01", "2026-01-01T00:00+01:00", "2026-02-01T00:00+01:00"),
    ],
)
def test_periods_are_those_of_the_calendar(
    period: Period, name: str, begins: str, ends: str
) -> None:
    """New Year's Day in Berlin, while it is still last year in UTC; its week began in December."""
    span = find_span(period, ZoneInfo("Europe/Berlin"), _at("2025-12-31T23:30+00:00"))
    assert span == (name, _at(begins), _at(ends))


def test_each_month_ends_where_the_next_begins() -> None:
    """Months of 28 to 31 days, a leap year among them, leave no gap."""
    at = _at("2023-12-15T00:00+00:00")
    names = []
    for _ in range(16):
        span = find_span(Period.MONTH, ZoneInfo("America/New_York"), at)
        names.append(span.name)
        assert find_span(Period.MONTH, ZoneInfo("America/New_York"), span.ends_at - 1) == span
        at = span.ends_at
    assert names == sorted(set(names))
    assert (names[0], names[-1]) == ("2023-12", "2025-03")


@given(
    st.sampled_from(Period),
    st.sampled_from(ZONES),
    st.floats(_at("2011-01-01T00:00+00:00"), _at("2039-01-01T00:00+00:00")),
)
@example(Period.DAY, "UTC", 2177452799.9999995)
def test_every_instant_is_in_its_period(period: Period, zone: str, at: float) -> None:
    """It begins before and ends after; its end is in the next one, whose name sorts behind."""
    span = find_span(period, ZoneInfo(zone), at)
    assert span.begins_at <= at < span.ends_at
    following = find_span(period, ZoneInfo(zone), span.ends_at)
    assert following.name > span.name
    assert following.begins_at == span.ends_at
