"""Whoever wants to know is told of each end, and of it alone."""

from __future__ import annotations

from cursor_api.domain.record import RequestRecord, Status
from cursor_api.telemetry.told_log import ToldLog
from tests.fakes import ListLog
from tests.records import record_of


async def test_each_end_is_kept_and_then_told_to_all() -> None:
    """In their order; what is under way is no end."""
    inner = ListLog()
    told: list[tuple[str, int, RequestRecord]] = []
    log = ToldLog(
        inner,
        [
            lambda record: told.append(("first", len(inner.records), record)),
            lambda record: told.append(("second", len(inner.records), record)),
        ],
    )
    log.record(record_of(1, status=Status.PENDING))
    log.record(record_of(1))
    assert told == [("first", 2, record_of(1)), ("second", 2, record_of(1))]
    assert list(await log.recent(1)) == [record_of(1)]
