"""What other processes change in a store is taken over here within seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from cursor_api.domain.errors import StoreAwayError, StoreError
from cursor_api.ports.process import Observer

# A revoked key is out within seconds, whoever revoked it.
WATCH_EVERY_S = 2.0


class StoreWatch:
    """Loads again what has changed. `what` is its name, for the operator.

    While the store is away, what was loaded last goes on; that is told once, and once when it is
    back.
    """

    def __init__(
        self,
        what: str,
        has_changed: Callable[[], Awaitable[bool]],
        load: Callable[[], Awaitable[None]],
        observer: Observer,
    ) -> None:
        self._what = what
        self._has_changed = has_changed
        self._load = load
        self._observer = observer
        self._is_away = False

    async def begin(self) -> None:
        """Load now, or when the store is back; raises StoreError for a broken one."""
        try:
            await self._load()
        except StoreAwayError as error:
            self._tell_away(error)

    async def run(self, every_s: float = WATCH_EVERY_S) -> None:
        """Look again and again, for ever."""
        while True:
            await asyncio.sleep(every_s)
            await self.refresh()

    async def refresh(self) -> None:
        """Load again what has changed, if it has."""
        try:
            if await self._has_changed():
                await self._load()
        except StoreError as error:
            self._tell_away(error)
        else:
            if self._is_away:
                self._observer.notice(f"the {self._what} can be read again")
            self._is_away = False

    def _tell_away(self, error: StoreError) -> None:
        if not self._is_away:
            self._observer.warn(f"the {self._what} cannot be read", detail=error.message)
        self._is_away = True
