"""Waiting for what happens soon. Who waits in vain says for what, and how things stand."""

from __future__ import annotations

import asyncio
import inspect
import textwrap
import time
from collections.abc import Callable

LOOK_S = 0.002
# A busy machine is not a defect.
SOON_S = 10.0
# Enough of what a program has said; the end of it tells most.
REPR_CHARACTERS_MAX = 10_000


async def until(is_so: Callable[[], object], limit_s: float = SOON_S) -> None:
    """Wait for it, which may be a coroutine function; fails with all that it looks at."""
    deadline = time.monotonic() + limit_s
    while not await _find(is_so()):
        assert time.monotonic() < deadline, _describe(is_so, limit_s)
        await asyncio.sleep(LOOK_S)


def wait_until(is_so: Callable[[], object], limit_s: float = SOON_S) -> None:
    """The same for what happens in other threads and programs."""
    deadline = time.monotonic() + limit_s
    while not is_so():
        assert time.monotonic() < deadline, _describe(is_so, limit_s)
        time.sleep(LOOK_S)


async def _find(result: object) -> object:
    return await result if inspect.isawaitable(result) else result


def _describe(is_so: Callable[[], object], limit_s: float) -> str:
    seen = inspect.getclosurevars(is_so).nonlocals
    return "\n".join(
        [
            f"not within {limit_s:g} s:",
            textwrap.dedent(inspect.getsource(is_so)).strip(),
            *(f"{name} = {repr(one)[-REPR_CHARACTERS_MAX:]}" for name, one in seen.items()),
        ]
    )
