"""Large work on the event loop, in steps, so that no caller waits for another one's megabytes.

A step ends at a `yield`. Between two steps everything else on the loop has its turn. Only one piece
of work is under way at a time: of twenty at once each would be no slower in the end, but the loop
would take twenty steps before it came back to anybody else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from typing import TypeVar

_T = TypeVar("_T")


class StepRunner:
    """A queue of large pieces of work; first come, first served."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._waiting_count = 0

    def __repr__(self) -> str:
        return f"StepRunner(waiting={self._waiting_count})"

    async def run(self, steps: Generator[None, None, _T]) -> _T:
        """What the work returns, or the exception that it raises.

        Work that is done in its first step, as nearly all is, waits for nobody.
        """
        try:
            next(steps)
        except StopIteration as stop:
            result: _T = stop.value
            return result
        self._waiting_count += 1
        try:
            async with self._turn:
                return await _finish(steps)
        finally:
            self._waiting_count -= 1


async def _finish(steps: Generator[None, None, _T]) -> _T:
    while True:
        await asyncio.sleep(0)
        try:
            next(steps)
        except StopIteration as stop:
            result: _T = stop.value
            # What its owner does next is no part of the last step.
            await asyncio.sleep(0)
            return result
