"""How late the event loop is: what everybody waits for while somebody else is worked for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

# Costs nothing, and a step of some tens of milliseconds is met within a minute of them.
EVERY_S = 0.5


async def watch_lag(
    observe: Callable[[float], object], monotonic: Callable[[], float], every_s: float = EVERY_S
) -> None:
    """Tell by how many seconds each timer was late, for as long as this runs."""
    while True:
        began = monotonic()
        await asyncio.sleep(every_s)
        observe(max(monotonic() - began - every_s, 0.0))
