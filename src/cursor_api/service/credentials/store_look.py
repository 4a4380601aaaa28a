"""A look at the store of credentials for somebody who waits for it.

Rules of this file:
- However many want to know, one look at a time is under way, and who comes gets one that began
  after that.
- Nobody waits long for a store that hangs. The look goes on, and what it finds serves.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from cursor_api.domain.errors import StoreAwayError, StoreError
from cursor_api.options.said import tell

# For the look that is under way, and as long again for the next one.
ASK_S = 1.0


class StoreLook:
    """Looks by `refresh`, which takes over what others have stored."""

    def __init__(self, refresh: Callable[[], Awaitable[object]]) -> None:
        self._refresh = refresh
        self._looking: asyncio.Task[StoreError | None] | None = None

    async def look(self) -> None:
        """Have what is in the store by now be known here; raises StoreError where it is not."""
        before = self._looking
        if before is not None and not before.done():
            await _wait(before)
        if self._looking is None or self._looking is before:
            self._looking = asyncio.create_task(self._look())
        error = await _wait(self._looking)
        if error is not None:
            raise error

    async def _look(self) -> StoreError | None:
        # Given, not raised: there may be nobody any more who waits for it.
        try:
            await self._refresh()
        except StoreError as error:
            return error
        return None


async def _wait(looking: asyncio.Task[StoreError | None]) -> StoreError | None:
    done, _ = await asyncio.wait([looking], timeout=ASK_S)
    if not done:
        raise StoreAwayError(
            tell("The database has given no answer within {limit_s} s.", limit_s=f"{ASK_S:g}")
        )
    return looking.result()
