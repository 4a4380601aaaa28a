"""How late the loop is."""

from __future__ import annotations

import asyncio
import contextlib
import time

from cursor_api.telemetry.loop_lag import watch_lag


async def test_work_that_holds_the_loop_is_seen() -> None:
    """By as much as it held it; never as less than nothing."""
    seen: list[float] = []
    watching = asyncio.create_task(watch_lag(seen.append, time.monotonic, 0.001))
    while not seen:
        await asyncio.sleep(0)
    time.sleep(0.05)  # noqa: ASYNC251 - this is the fault that is looked for
    count = len(seen)
    while len(seen) < count + 2:
        await asyncio.sleep(0)
    watching.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await watching
    assert max(seen) >= 0.04
    assert min(seen) >= 0.0
