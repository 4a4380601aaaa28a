"""A database that may be away, and a file that keeps its records until it is back.

Rules of this file:
- While the database is away its batches go into the file, and a write has worked: a death of the
  process then costs nothing of them.
- What the file holds is brought over by id, oldest first, when the database answers; who comes
  twice counts once, so that a death in the middle is harmless as well.
- A file that cannot be emptied is no reason not to write to the database.
- The file is bounded; beyond that records are dropped, and counted.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from cursor_api.domain.errors import StoreAwayError, StoreError
from cursor_api.domain.record import RequestRecord
from cursor_api.domain.record_content import RecordContent
from cursor_api.domain.record_query import (
    ALL,
    RecordChoices,
    RecordFilter,
    RecordPage,
    RecordQuery,
    RefusalRow,
    UsageQuery,
    UsageRow,
)
from cursor_api.ports.process import Observer
from cursor_api.ports.record_database import Batch, DatabaseState, RecordDatabase, SpoolDatabase
from cursor_api.stores.records.outage import Outage

AWAY = "the database of records is away; requests go on, and their records are kept in a file"
BACK = "the database of records is back"
STUCK = "records cannot be moved from the file to the database; they stay in the file"
MOVED = "records are moved from the file to the database again"
# A million take some 350 MiB, and half an hour at 500 a second.
SPOOL_ROWS_MAX: Final = 1_000_000
MOVED_ROWS: Final = 500
MOVED_CONTENTS: Final = 20
RETRY_S: Final = 5.0
_EVER: Final = 2**53
OnMoved = Callable[[Sequence[RequestRecord]], Awaitable[None]]


class SpooledRecords:
    """Implements `RecordDatabase` with another one and, while that is away, a file.

    Questions are for the database, and refused at once while that is away: what is in the file is
    not among the answers. It is counted and deleted, though.
    """

    def __init__(
        self,
        database: RecordDatabase,
        spool: SpoolDatabase,
        observer: Observer,
        *,
        rows_max: int = SPOOL_ROWS_MAX,
        retry_s: float = RETRY_S,
    ) -> None:
        self._database = database
        self._spool = spool
        self._observer = observer
        self._rows_max = rows_max
        self._retry_s = retry_s
        # Each is told of records that come into the database only now: they waited in the file.
        self.on_moved: list[OnMoved] = []
        self._outage = Outage(observer, AWAY, BACK)
        # The file can be neither read nor emptied, as on a disk that is full.
        self._jam = Outage(observer, STUCK, MOVED)
        self._is_ready = False
        self._has_file = False
        self._spooled_count = 0
        self._moving: asyncio.Task[None] | None = None
        # One moves, or one adds: what is taken out is what was brought over.
        self._turn = asyncio.Lock()
        # One moves, or one counts what is in both; whoever adds does not wait for the answer.
        self._moves = asyncio.Lock()

    def __repr__(self) -> str:
        return f"SpooledRecords({self._database!r}, spooled={self._spooled_count})"

    @property
    def name(self) -> str:
        """That of the database."""
        return self._database.name

    def state(self) -> DatabaseState:
        """See RecordDatabase."""
        return DatabaseState(
            not self._outage.is_on, self._spooled_count, self._outage.dropped_count
        )

    async def open(self) -> None:
        """See RecordDatabase; that the database is away is told, and no error."""
        if self._moving is not None:
            return
        await self._spool.open()
        self._spooled_count = await self._spool.count(ALL)
        self._has_file = bool(self._spooled_count or await self._spool.refusals(0, _EVER))
        try:
            await self._make_ready()
        except StoreAwayError as error:
            self._outage.begin(error)
        self._moving = asyncio.create_task(self._move_on())

    async def close(self) -> None:
        """See RecordDatabase."""
        moving, self._moving = self._moving, None
        if moving is not None:
            moving.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await moving
        await self._database.close()
        await self._spool.close()

    async def write(self, batch: Batch) -> None:
        """See RecordDatabase; into the file where the database does not take it."""
        if not self._outage.is_on:
            try:
                await self._database.write(batch)
            except StoreError as error:
                self._outage.begin(error)
            else:
                return
        async with self._turn:
            room = self._rows_max - self._spooled_count
            kept = batch.records[: max(room, 0)]
            self._has_file = True
            await self._spool.write(batch._replace(records=kept))
            self._spooled_count += len(kept)
            self._outage.drop(len(batch.records) - len(kept))

    async def tidy(self) -> bool:
        """See RecordDatabase; that the database is away is told, and no error."""
        if self._outage.is_on:
            return False
        try:
            return await self._database.tidy()
        except StoreAwayError:
            if await self._is_away():
                return False
            raise

    async def _is_away(self) -> bool:
        """Whether it is away, as somebody may have seen meanwhile, or was slow with one thing."""
        if not self._outage.is_on:
            try:
                await self._make_ready()
            except StoreAwayError as error:
                self._outage.begin(error)
        return self._outage.is_on

    async def _make_ready(self) -> None:
        """Open the database, once, and look whether it is there."""
        if not self._is_ready:
            await self._database.open()
            self._is_ready = True
        else:
            await self._database.count(RecordFilter(until=0.0))

    async def _move_on(self) -> None:
        while True:
            try:
                # Also while nothing happens: whoever looks at the state shall see an outage.
                await self._make_ready()
                if self._has_file or self._outage.is_on:
                    while await self._move_some():
                        pass
                    self._outage.end()
            except StoreError as error:
                self._outage.begin(error)
            except Exception as error:  # noqa: BLE001 - a bug costs what is in the file alone
                self._observer.warn(STUCK, exc_info=error)
                return
            await asyncio.sleep(self._retry_s)

    async def _move_some(self) -> bool:
        """Bring over some of what the file holds; whether there may be more to bring now.

        Raises StoreError where the database does not take it.
        """
        async with self._moves, self._turn:
            try:
                page = await self._spool.page(RecordQuery(after="", rows_max=MOVED_ROWS))
                records, contents = await self._with_contents(page.records[::-1])
                refusals = await self._spool.refusals(0, _EVER)
            except StoreError as error:
                self._jam.begin(error)
                return False
            # Also nothing: where that can be written, the next request can be.
            await self._database.write(Batch(_name(refusals), records, refusals, contents))
            for call in self.on_moved:
                await call(records)
            try:
                if records or refusals:
                    await self._spool.remove([one.id for one in records], refusals)
                    self._spooled_count -= len(records)
                if page.continue_from is None and len(records) == len(page.records):
                    await self._spool.tidy()
                    self._spooled_count, self._has_file = 0, False
            except StoreError as error:
                self._jam.begin(error)
                return False
            self._jam.end()
            return self._has_file

    async def _with_contents(
        self, records: Sequence[RequestRecord]
    ) -> tuple[Sequence[RequestRecord], Sequence[RecordContent]]:
        """As many of them, oldest first, as go with their texts in one step: texts are long."""
        for begun in range(0, len(records), MOVED_CONTENTS):
            some = records[begun : begun + MOVED_CONTENTS]
            if contents := await self._spool.contents([one.id for one in some]):
                return records[: begun + MOVED_CONTENTS], contents
        return records, ()

    # --- Questions.

    @property
    def _asked(self) -> RecordDatabase:
        """The database; raises StoreAwayError while it is away, so that nobody waits for that."""
        if self._outage.error is not None:
            raise StoreAwayError(self._outage.error.said)
        return self._database

    async def find(self, request_id: str) -> RequestRecord | None:
        """See ports.Records."""
        return await self._asked.find(request_id)

    async def contents(self, ids: Sequence[str]) -> Sequence[RecordContent]:
        """See ports.Records."""
        return await self._asked.contents(ids)

    async def page(self, query: RecordQuery) -> RecordPage:
        """See ports.Records."""
        return await self._asked.page(query)

    async def choices(self) -> RecordChoices:
        """See ports.Records."""
        return await self._asked.choices()

    async def usage(self, query: UsageQuery) -> Sequence[UsageRow]:
        """See ports.Records."""
        return await self._asked.usage(query)

    async def refusals(self, since: int, until: int) -> Sequence[RefusalRow]:
        """See ports.Records."""
        return await self._asked.refusals(since, until)

    async def first_delta_ms(self, since: float, rows_max: int) -> Sequence[float]:
        """See ports.Records."""
        return await self._asked.first_delta_ms(since, rows_max)

    async def count(self, wanted: RecordFilter) -> int:
        """See ports.Records; those in the file are among them, as they can be deleted."""
        if not self._spooled_count:
            return await self._database.count(wanted)
        async with self._moves:
            return await self._database.count(wanted) + await self._spool.count(wanted)

    async def delete(self, wanted: RecordFilter, rows_max: int) -> int:
        """See ports.Records; in the file too, or they would come back from there."""
        if not self._spooled_count:
            return await self._database.delete(wanted, rows_max)
        async with self._moves:
            gone = await self._spool.delete(wanted, rows_max)
            self._spooled_count -= gone
            if gone < rows_max:
                gone += await self._database.delete(wanted, rows_max - gone)
            return gone


def _name(refusals: Sequence[RefusalRow]) -> str:
    """The same for the same: what they add is added once, though they may be moved twice."""
    last_ms = max((row.hour_at for row in refusals), default=0) * 1000
    digest = hashlib.sha256(repr(refusals).encode()).hexdigest()
    return f"{last_ms:012x}{digest[:20]}"
