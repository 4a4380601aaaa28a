"""What a gateway has on record of its requests, in three places that must say the same.

The rows of its request log, the hours that they add up to, and the counters of /metrics, each by
outcome. The log is read by SQLite, from this process.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import sqlite3
from collections import Counter
from typing import Final, NamedTuple

from tests.serving import ask
from tests.soak.stand import BEARER, LOOK_S, SETTLE_S_MAX, GatewayProcess

OUTCOMES: Final = {
    "success": "answered",
    "failed": "failed",
    "refused": "refused",
    "cancelled": "cancelled",
}
BY_STATUS: Final = "SELECT status, count(*) FROM requests GROUP BY status"
BY_HOUR: Final = """
    SELECT sum(answered_count), sum(failed_count), sum(refused_count), sum(cancelled_count)
    FROM usage_hourly
"""
ROW_TOKENS: Final = """
    SELECT sum(coalesce(input_count, 0) + coalesce(output_count, 0)) FROM requests
"""
HOUR_TOKENS: Final = """
    SELECT sum(input_count + output_count + input_estimated_count + output_estimated_count)
    FROM usage_hourly
"""
COUNTED: Final = re.compile(r'^cursor_api_requests_total\{.*outcome="(\w+)"\} (\S+)$', re.MULTILINE)


class Ledger(NamedTuple):
    """Requests by outcome, in each place; tokens of the rows and of the hours."""

    rows: Counter[str]
    hours: Counter[str]
    metrics: Counter[str]
    row_tokens: int
    hour_tokens: int

    @property
    def differences_count(self) -> int:
        """Requests and tokens that one place has and another has not."""
        apart = sum(
            abs(self.rows[outcome] - other[outcome])
            for other in (self.hours, self.metrics)
            for outcome in OUTCOMES.values()
        )
        return apart + abs(self.row_tokens - self.hour_tokens)


async def read_ledger(process: GatewayProcess) -> Ledger:
    """Once all is written, or after a while all the same."""
    ledger = await _read(process)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(SETTLE_S_MAX):
            while ledger.differences_count:
                await asyncio.sleep(LOOK_S)
                ledger = await _read(process)
    return ledger


async def _read(process: GatewayProcess) -> Ledger:
    answer = await ask(process.port, "GET", "/metrics", headers=BEARER)
    metrics: Counter[str] = Counter()
    for outcome, count in COUNTED.findall(answer.body.decode()):
        metrics[outcome] += int(float(count))
    address = f"file:{process.folder / '.request-log.sqlite3'}?mode=ro"
    with contextlib.closing(sqlite3.connect(address, uri=True)) as log:
        rows = Counter({OUTCOMES[status]: count for status, count in log.execute(BY_STATUS)})
        counts = log.execute(BY_HOUR).fetchone()
        [row_tokens] = log.execute(ROW_TOKENS).fetchone()
        [hour_tokens] = log.execute(HOUR_TOKENS).fetchone()
    hours = Counter(dict(zip(OUTCOMES.values(), counts, strict=True)))
    return Ledger(rows, hours, metrics, row_tokens, hour_tokens)
