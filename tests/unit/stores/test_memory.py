"""What the memory stores have beyond the contracts of their ports."""

from __future__ import annotations

import pytest

from cursor_api.domain.record import RequestRecord, Status
from cursor_api.stores.memory import ENTRIES_MAX, MemoryRequestLog


def record(number: int, status: Status) -> RequestRecord:
    """A record of the request with this number."""
    return RequestRecord(str(number), 0.0, "caller", "gpt-4o", False, status)


def test_a_log_keeps_as_many_as_the_reference_shows() -> None:
    """A hundred, unless told otherwise; its repr tells its state."""
    log = MemoryRequestLog()
    for number in range(ENTRIES_MAX + 1):
        log.record(record(number, Status.SUCCESS))
    assert repr(log) == "MemoryRequestLog(kept=100, total=101)"


def test_a_log_of_nothing_is_a_mistake() -> None:
    """It says so when it is made."""
    with pytest.raises(ValueError, match="at least one"):
        MemoryRequestLog(0)


def test_what_it_remembers_of_those_it_pushed_out_is_bounded_too() -> None:
    """A million requests that never end cost what a few do."""
    log = MemoryRequestLog(entries_max=3)
    for number in range(1000):
        log.record(record(number, Status.PENDING))
    assert len(log._pushed_out) == 3
    for number in range(1000):
        log.record(record(number, Status.SUCCESS))
    assert not log._pushed_out
