"""Tells others of each request that has ended, after it was kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cursor_api.domain.record import PENDING, RequestRecord
from cursor_api.ports.stores import RequestLog


class ToldLog:
    """Implements `ports.RequestLog` around another one; `tells` are told of each end, in order."""

    def __init__(self, inner: RequestLog, tells: Sequence[Callable[[RequestRecord], None]]) -> None:
        self._inner = inner
        self._tells = tuple(tells)

    def record(self, record: RequestRecord) -> None:
        """Keep it in the other one."""
        self._inner.record(record)
        if record.status is not PENDING:
            for tell in self._tells:
                tell(record)

    async def recent(self, count: int) -> Sequence[RequestRecord]:
        """As the other one has them."""
        return await self._inner.recent(count)
