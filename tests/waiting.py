"""Waiting for what happens soon."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

LOOK_S = 0.002
# A busy machine is not a defect.
SOON_S = 10.0


async def until(is_so: Callable[[], object]) -> None:
    """Wait for it; raises TimeoutError."""
    async with asyncio.timeout(SOON_S):
        while not is_so():
            await asyncio.sleep(LOOK_S)
