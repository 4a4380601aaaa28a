"""The rows of load and trouble: one prefix, and limits that fit together."""

from __future__ import annotations

from cursor_api.pool.breaker import BreakerOptions
from cursor_api.pool.waiting import QueueOptions
from cursor_api.service.access.admission import AdmissionOptions
from cursor_api.service.inference.failover import FailoverOptions
from cursor_api.settings.rows_load import ADMISSION, FAILOVER

DEFAULTS = {row.variable: row.kind.parse(row.default or "") for row in (*FAILOVER, *ADMISSION)}


def test_all_are_of_one_prefix() -> None:
    """`GATEWAY_X_Y` is `x_y` in its table."""
    for rows, table in ((FAILOVER, "failover"), (ADMISSION, "admission")):
        assert [row.key for row in rows] == [
            f"{table}.{row.variable.removeprefix('GATEWAY_').lower()}" for row in rows
        ]


def test_the_defaults_are_those_of_the_parts() -> None:
    """What a test builds without settings behaves as what a user runs."""
    failover, breaker, queue = FailoverOptions(), BreakerOptions(), QueueOptions()
    admission = AdmissionOptions()
    assert {
        "GATEWAY_ATTEMPTS_MAX": failover.attempt_count_max,
        "GATEWAY_RETRY_PERCENT": failover.retry_percent,
        "GATEWAY_BREAKER_FAILURES": breaker.failure_count,
        "GATEWAY_BREAKER_OPEN_S": breaker.open_s,
        "GATEWAY_REQUESTS_MAX": admission.requests_max,
        "GATEWAY_CALLER_REQUESTS_MAX": admission.caller_requests_max,
        "GATEWAY_STREAMS_MAX": admission.streams_max,
        "GATEWAY_BODIES_BYTES_MAX": admission.bodies_bytes_max,
        "GATEWAY_QUEUE_MAX": queue.count_max,
        "GATEWAY_QUEUE_WAIT_S": queue.wait_s,
    } == DEFAULTS


def test_one_caller_and_all_streams_leave_room() -> None:
    """Neither a single key nor long streams can take every place."""
    assert DEFAULTS["GATEWAY_CALLER_REQUESTS_MAX"] < DEFAULTS["GATEWAY_REQUESTS_MAX"]
    assert DEFAULTS["GATEWAY_STREAMS_MAX"] < DEFAULTS["GATEWAY_REQUESTS_MAX"]
