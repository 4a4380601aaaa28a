"""Databases of records that do what a test tells them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from cursor_api.domain.record_content import RecordContent
from cursor_api.domain.record_query import RecordFilter, RecordPage, RecordQuery, RefusalRow
from cursor_api.ports.process import Clock
from cursor_api.ports.record_database import Batch, DatabaseState
from cursor_api.stores.memory_records import MemoryRecords


class FickleDatabase(MemoryRecords):
    """Implements `RecordDatabase` in memory; fails with `error`, and waits for `may_go_on`."""

    name = "fickle"

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock, rows_max=1_000_000)
        self.error: Exception | None = None
        self.is_read_only = False
        self.removal_error: Exception | None = None
        self.may_go_on = asyncio.Event()
        self.may_go_on.set()
        self.batches: list[Batch] = []
        self.tidied_count = 0
        self.said: dict[str, RecordContent] = {}
        self._names: set[str] = set()

    @property
    def ids(self) -> list[str]:
        """Of what is written."""
        return list(self._ids)

    def state(self) -> Any:
        """As a database tells it."""
        return DatabaseState()

    async def open(self) -> None:
        """Nothing has to be made."""
        self.refuse()

    async def close(self) -> None:
        """Nothing is open."""

    async def write(self, batch: Batch) -> None:
        """When it may."""
        await self.may_go_on.wait()
        self.refuse()
        self.batches.append(batch)
        for record in batch.records:
            self.add(record)
        self.said |= {one.id: one for one in batch.contents}
        if batch.id not in self._names:
            self._names.add(batch.id)
            for hour, fault, count in batch.refusals:
                self._refusals[hour, fault] = self._refusals.get((hour, fault), 0) + count

    async def count(self, wanted: RecordFilter) -> int:
        """It cannot be asked either, unless it is only read."""
        if not self.is_read_only:
            self.refuse()
        return await super().count(wanted)

    async def page(self, query: RecordQuery) -> RecordPage:
        """Likewise."""
        if not self.is_read_only:
            self.refuse()
        return await super().page(query)

    async def remove(self, ids: Sequence[str], refusals: Sequence[RefusalRow]) -> None:
        """As a spool, which fails with `removal_error`."""
        if self.removal_error is not None:
            raise self.removal_error
        for one in ids:
            del self._by_id[one]
            self._ids.remove(one)
            self.said.pop(one, None)
        for hour, fault, count in refusals:
            self._refusals[hour, fault] -= count
            if not self._refusals[hour, fault]:
                del self._refusals[hour, fault]

    async def contents(self, ids: Sequence[str]) -> Sequence[RecordContent]:
        """What came with the records."""
        return [self.said[one] for one in ids if one in self.said]

    async def tidy(self) -> bool:
        """Nothing is too old."""
        self.tidied_count += 1
        return False

    def refuse(self) -> None:
        """As it was told."""
        if self.error is not None:
            raise self.error
