"""Hours and days of a zone."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from cursor_api.domain.periods import HOUR_S
from cursor_api.service.records.periods import DAYS_MAX, HOURS_MAX, By, Periods


def at(text: str) -> int:
    """Unix seconds of an instant in UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def days(zone: str, since: str, until: str) -> Periods:
    """The days of a zone."""
    return Periods(By.DAY, ZoneInfo(zone), at(since), at(until))


def lengths(periods: Periods) -> list[int]:
    """In hours."""
    borders = [*periods.starts, periods.until]
    return [(end - start) // HOUR_S for start, end in itertools.pairwise(borders)]


def test_hours_are_those_of_utc_whatever_the_zone() -> None:
    """Begun hours count whole, on both sides."""
    found = Periods(
        By.HOUR, ZoneInfo("Asia/Kolkata"), at("2026-01-01T10:59"), at("2026-01-01T12:01")
    )
    assert found.starts == [at("2026-01-01T10:00"), at("2026-01-01T11:00"), at("2026-01-01T12:00")]
    assert (found.since, found.until) == (found.starts[0], at("2026-01-01T13:00"))
    exact = Periods(By.HOUR, ZoneInfo("UTC"), at("2026-01-01T10:00"), at("2026-01-01T11:00"))
    assert exact.starts == [at("2026-01-01T10:00")]


@pytest.mark.parametrize(
    ("zone", "since", "until", "hours"),
    [
        # Clocks go back, and forward.
        ("Europe/Berlin", "2025-10-25T12:00", "2025-10-27T12:00", [24, 25, 24]),
        ("Europe/Berlin", "2026-03-28T12:00", "2026-03-30T12:00", [24, 23, 24]),
        # At midnight itself: the 26th begins at one, and 24 hours later the 27th.
        ("Africa/Cairo", "2024-04-25T12:00", "2024-04-27T12:00", [24, 23, 24]),
        ("Asia/Shanghai", "2026-01-01T12:00", "2026-01-02T12:00", [24, 24]),
        ("Pacific/Kiritimati", "2026-01-01T12:00", "2026-01-02T09:00", [24]),
    ],
)
def test_a_day_is_as_long_as_it_is_there(
    zone: str, since: str, until: str, hours: list[int]
) -> None:
    """23, 24 or 25 hours."""
    assert lengths(days(zone, since, until)) == hours


def test_a_day_begins_at_the_zones_midnight() -> None:
    """And ends at the next one."""
    found = days("Europe/Berlin", "2025-10-26T08:00", "2025-10-26T09:00")
    assert (found.since, found.until) == (at("2025-10-25T22:00"), at("2025-10-26T23:00"))
    assert found.find_start(at("2025-10-26T22:00")) == at("2025-10-25T22:00")
    two = days("Europe/Berlin", "2025-10-26T08:00", "2025-10-27T09:00")
    assert two.find_start(at("2025-10-26T22:00")) == at("2025-10-25T22:00")
    assert two.find_start(at("2025-10-26T23:00")) == at("2025-10-26T23:00")


def test_where_a_zone_is_half_an_hour_off_its_days_begin_with_the_next_whole_hour() -> None:
    """Midnight in Kolkata is 18:30 of UTC: the hour from 18:00 began the day before."""
    found = days("Asia/Kolkata", "2026-01-01T12:00", "2026-01-02T12:00")
    assert found.since == at("2025-12-31T19:00")
    assert found.find_start(at("2026-01-01T18:00")) == at("2025-12-31T19:00")
    assert found.find_start(at("2026-01-01T19:00")) == at("2026-01-01T19:00")
    # The first half hour of a day is asked for with the day before.
    early = days("Asia/Kolkata", "2025-12-31T18:40", "2025-12-31T18:50")
    assert early.find_start(at("2025-12-31T18:00")) <= at("2025-12-31T18:00")


@pytest.mark.parametrize(
    ("by", "hours", "words"),
    [
        (By.HOUR, 0, "is not before"),
        (By.HOUR, -1, "is not before"),
        (By.HOUR, HOURS_MAX + 1, "more than"),
        (By.DAY, 24 * DAYS_MAX + 1, "more than"),
    ],
)
def test_none_and_too_many_are_refused(by: By, hours: int, words: str) -> None:
    """A span can be anything that somebody types."""
    since = at("2026-01-01T00:00")
    with pytest.raises(ValueError, match=words):
        Periods(by, ZoneInfo("UTC"), since, since + hours * HOUR_S)


def test_the_ends_of_the_calendar_are_no_crash() -> None:
    """From its beginning to its end."""
    for zone in ("UTC", "Pacific/Kiritimati", "America/Los_Angeles"):
        for since in (0.0, 3600.0, 253_402_300_799.0 - 86_400):
            try:
                Periods(By.DAY, ZoneInfo(zone), since, since + 3600)
            except ValueError as error:
                assert "it is" in str(error)  # noqa: PT017 - either is right
