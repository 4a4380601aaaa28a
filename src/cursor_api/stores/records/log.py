"""The log of requests over a database: what happened is known after any end of the process.

Rules of this file:
- Recording only remembers. A task writes what has come together, a quarter of a second after the
  first of it came, so that a death costs no more than that and an idle gateway does nothing.
- A database that takes nothing costs records, never requests: what is not written is kept up to a
  bound and tried again, and the operator is told once, and once more when it is over.
- A question is answered with all that was recorded before it, written or not. Pages do not wait
  for the writing; what adds up does, or a request would count twice.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections import deque
from collections.abc import Sequence
from itertools import islice
from typing import Self

from msgspec import Struct

from cursor_api.domain.errors import FaultKind, StoreAwayError, StoreError
from cursor_api.domain.periods import hour_of
from cursor_api.domain.record import RequestRecord
from cursor_api.domain.record_content import RecordContent, Transcript
from cursor_api.domain.record_query import (
    RecordChoices,
    RecordFilter,
    RecordPage,
    RecordQuery,
    RefusalRow,
    UsageQuery,
    UsageRow,
)
from cursor_api.options.said import tell
from cursor_api.ports.process import Clock, Observer
from cursor_api.ports.record_database import Batch, RecordDatabase
from cursor_api.ports.records import RecordsState, WriteTimes
from cursor_api.stores.records.outage import Outage
from cursor_api.stores.records.progress import Progress
from cursor_api.stores.records.transcribed import WaitingTranscripts, read_all
from cursor_api.stores.records.unwritten import add_to_page, add_to_usage, choices_with

CANNOT_WRITE = "the request log cannot be written; requests go on"
WRITTEN_AGAIN = "the request log is written again"
NOT_WRITTEN = "some requests are not in the request log"
TEXTS_NOT_WRITTEN = "the texts of some requests are not in the request log"
CANNOT_TIDY = "what is too old in the request log cannot be deleted"


class LogTimes(Struct, frozen=True):
    """When to write, and how much. Seconds and counts."""

    # Far below the second that a death may cost, and some hundred requests in one write under load.
    write_after_s: float = 0.25
    # More would keep the interpreter from everybody else for too long.
    batch_rows: int = 750
    # Of requests with their texts, which are some megabytes at the most.
    content_rows: int = 50
    retry_s: float = 5.0
    # Requests that wait for a database: 80 s at 500 a second; some 40 MB.
    waiting_max: int = 40_000
    # How long a question waits for what is still to be written.
    settle_s: float = 2.0
    tidy_every_s: float = 1.0


class RecordLog:
    """Implements `RequestLog`, `Records` and `RefusalCounter`; an async context.

    Entering raises StoreError where the database can never be used as it is. One that is only away
    is reported, and tried again.
    """

    def __init__(
        self,
        database: RecordDatabase,
        entries_max: int,
        clock: Clock,
        observer: Observer,
        times: LogTimes | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._observer = observer
        self._times = times or LogTimes()
        self._recent: deque[RequestRecord] = deque(maxlen=entries_max)
        self._waiting: deque[RequestRecord] = deque()
        self._transcripts = WaitingTranscripts()
        self._progress = Progress()
        self._write_times = WriteTimes()
        self._refusals: dict[tuple[int, FaultKind], int] = {}
        # What is being written, or was when that failed: the same batch again, with its name.
        self._batch: Batch | None = None
        self._outage = Outage(observer, CANNOT_WRITE, WRITTEN_AGAIN)
        self._is_open = False
        self._has_work = asyncio.Event()
        self._is_pressing = asyncio.Event()
        self._closing = asyncio.Event()
        self._tried: asyncio.Future[None] | None = None
        self._tidied_at = 0.0
        self._writing: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"RecordLog({self._database!r}, waiting={self._waiting_count})"

    async def __aenter__(self) -> Self:
        try:
            await self._open()
        except StoreAwayError as error:
            self._report_failure(error)
            self._has_work.set()
        else:
            # Of a database that has just gone away others tell.
            with contextlib.suppress(StoreAwayError):
                page = await self._database.page(RecordQuery(rows_max=self._recent.maxlen or 1))
                self._recent.extend(reversed(page.records))
        self._writing = asyncio.create_task(self._write_on())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._closing.set()
        self._has_work.set()
        self._is_pressing.set()
        if self._writing is not None:
            await self._writing
        await self._database.close()

    # --- What ended.

    def record(self, record: RequestRecord) -> None:
        """See ports.RequestLog."""
        self._recent.append(record)
        self._progress.records_count += 1
        waiting = self._waiting
        waiting.append(record)
        if len(waiting) >= self._times.batch_rows:
            self._is_pressing.set()
            if len(waiting) > self._times.waiting_max:
                self._transcripts.take([waiting.popleft().id])
                self._progress.done_records_count += 1
                self._outage.drop(1)
        self._has_work.set()

    def keep(self, transcript: Transcript) -> None:
        """See ports.RecordKeeper."""
        self._transcripts.add(transcript)

    def count_refusal(self, fault: FaultKind) -> None:
        """See ports.RefusalCounter."""
        key = (hour_of(self._clock.now()), fault)
        self._refusals[key] = self._refusals.get(key, 0) + 1
        self._progress.refusals_count += 1
        self._has_work.set()

    async def recent(self, count: int) -> Sequence[RequestRecord]:
        """See ports.RequestLog; those of earlier processes among them."""
        newest = list(islice(reversed(self._recent), max(count, 0)))
        return newest[::-1]

    # --- Questions.

    def state(self) -> RecordsState:
        """See ports.Records."""
        theirs = self._database.state()
        return RecordsState(
            self._database.name,
            theirs.is_reached and not self._outage.is_on,
            self._waiting_count + theirs.spooled_count,
            self._outage.dropped_count + theirs.dropped_count,
            theirs.spooled_count,
            self._write_times,
        )

    async def find(self, request_id: str) -> RequestRecord | None:
        """See ports.Records."""
        for record in self._unwritten():
            if record.id == request_id:
                return record
        return await self._database.find(request_id)

    async def contents(self, ids: Sequence[str]) -> Sequence[RecordContent]:
        """See ports.Records."""
        await self._settle()
        written = self._batch.contents if self._batch else ()
        found = [*(one for one in written if one.id in ids), *self._transcripts.find(ids)]
        left = set(ids).difference([one.id for one in found])
        return [*found, *await self._database.contents(sorted(left))] if left else found

    async def page(self, query: RecordQuery) -> RecordPage:
        """See ports.Records."""
        # Taken first: who is written meanwhile comes twice, and counts once.
        unwritten = self._unwritten()
        return add_to_page(await self._database.page(query), query, unwritten)

    async def choices(self) -> RecordChoices:
        """See ports.Records."""
        return choices_with(self._unwritten(), await self._database.choices())

    async def usage(self, query: UsageQuery) -> Sequence[UsageRow]:
        """See ports.Records."""
        unwritten = await self._settle()
        return add_to_usage(await self._database.usage(query), query, unwritten)

    async def refusals(self, since: int, until: int) -> Sequence[RefusalRow]:
        """See ports.Records."""
        await self._settle()
        found = {row[:2]: row.refused_count for row in await self._database.refusals(since, until)}
        for row in self._unwritten_refusals():
            if since <= row.hour_at < until:
                found[row[:2]] = found.get(row[:2], 0) + row.refused_count
        rows = [RefusalRow(hour, fault, count) for (hour, fault), count in found.items()]
        return sorted(rows, key=lambda row: (row.hour_at, row.fault.value))

    async def first_delta_ms(self, since: float, rows_max: int) -> Sequence[float]:
        """See ports.Records."""
        begun = [
            one.first_delta_ms
            for one in await self._settle()
            if one.first_delta_ms is not None and one.started_at >= since
        ][-rows_max:]
        return [*await self._database.first_delta_ms(since, rows_max - len(begun)), *begun]

    async def count(self, wanted: RecordFilter) -> int:
        """See ports.Records; what cannot be written yet is not among them."""
        await self._settle()
        return await self._database.count(wanted)

    async def delete(self, wanted: RecordFilter, rows_max: int) -> int:
        """See ports.Records; raises StoreError where some of them are still to be written."""
        if await self._settle():
            raise StoreAwayError(tell("Requests cannot be deleted while they cannot be recorded."))
        return await self._database.delete(wanted, rows_max)

    # --- Writing.

    @property
    def _waiting_count(self) -> int:
        return len(self._waiting) + (len(self._batch.records) if self._batch else 0)

    async def _settle(self) -> Sequence[RequestRecord]:
        """Have everything written that was recorded until now; gives what could not be."""
        progress, mark = self._progress, self._progress.mark
        until = time.perf_counter() + self._times.settle_s
        while not progress.has_passed(mark):
            is_late = time.perf_counter() >= until
            if self._outage.is_on or self._writing is None or is_late:
                return self._unwritten()
            self._is_pressing.set()
            if self._tried is None:
                self._tried = asyncio.get_running_loop().create_future()
            await asyncio.wait([self._tried], timeout=self._times.settle_s)
        # What has come meanwhile is for the next question: under load there is always more of it.
        return ()

    def _unwritten(self) -> Sequence[RequestRecord]:
        return [*(self._batch.records if self._batch else ()), *self._waiting]

    def _unwritten_refusals(self) -> Sequence[RefusalRow]:
        waiting = [RefusalRow(*key, count) for key, count in self._refusals.items()]
        return [*(self._batch.refusals if self._batch else ()), *waiting]

    async def _write_on(self) -> None:
        while not self._closing.is_set():
            await self._has_work.wait()
            if len(self._waiting) < self._times.batch_rows:
                await _wait(self._is_pressing, self._times.write_after_s)
            # What comes meanwhile has a quarter of a second of its own: written at once, under load
            # it would go in batches of some twenty rows, which cost twice as much.
            mark = self._progress.mark
            while await self._write_some() and not self._progress.has_passed(mark):
                pass
            if self._outage.is_on:
                await _wait(self._closing, self._times.retry_s)
            else:
                await self._tidy()
        while await self._write_some():
            pass
        self._report_loss()

    async def _write_some(self) -> bool:
        """Write a batch; whether there may be more to write."""
        self._has_work.clear()
        self._is_pressing.clear()
        batch = self._batch = self._batch or self._next_batch()
        if batch is None:
            self._tell_tried()
            return False
        if self._transcripts:
            # Once: it is of this batch from then on, however often that is tried.
            taken = self._transcripts.take([one.id for one in batch.records])
            contents = await asyncio.to_thread(read_all, taken) if taken else ()
            batch = self._batch = batch._replace(contents=(*batch.contents, *contents))
        try:
            await self._open()
            began = time.perf_counter()
            await self._write(batch)
            self._write_times = self._write_times.plus(time.perf_counter() - began)
        except StoreError as error:
            self._report_failure(error)
            self._has_work.set()
            self._tell_tried()
            return False
        self._batch = None
        self._progress.done_records_count += len(batch.records)
        self._progress.done_refusals_count += sum(row.refused_count for row in batch.refusals)
        self._outage.end()
        lost_count, self._transcripts.lost_count = self._transcripts.lost_count, 0
        if lost_count:
            self._observer.warn(TEXTS_NOT_WRITTEN, lost_count=lost_count)
        self._tell_tried()
        return bool(self._waiting or self._refusals)

    def _next_batch(self) -> Batch | None:
        if not self._waiting and not self._refusals:
            return None
        rows_max = self._times.content_rows if self._transcripts else self._times.batch_rows
        count = min(len(self._waiting), rows_max)
        records = [self._waiting.popleft() for _ in range(count)]
        refusals, self._refusals = self._refusals, {}
        name = f"{int(self._clock.now() * 1000):012x}{os.urandom(10).hex()}"
        return Batch(name, records, [RefusalRow(*key, n) for key, n in refusals.items()])

    async def _write(self, batch: Batch) -> None:
        """All of it but what no database takes: a bug may cost that, and no more."""
        try:
            await self._database.write(batch)
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001 - see above
            if len(batch.records) <= 1:
                self._outage.drop(len(batch.records), is_told=True)
                self._observer.warn(NOT_WRITTEN, lost_count=len(batch.records), exc_info=error)
                return
            half = len(batch.records) // 2
            await self._write(batch._replace(records=batch.records[:half]))
            await self._write(batch._replace(records=batch.records[half:]))

    async def _open(self) -> None:
        if not self._is_open:
            await self._database.open()
            self._is_open = True

    async def _tidy(self) -> None:
        now = self._clock.monotonic()
        if now - self._tidied_at < self._times.tidy_every_s:
            return
        self._tidied_at = now
        try:
            while await self._database.tidy():
                # What has come meanwhile goes first.
                while self._waiting and await self._write_some():
                    pass
                if self._closing.is_set() or self._outage.is_on:
                    return
        except StoreError as error:
            self._observer.warn(CANNOT_TIDY, detail=error.message)

    def _tell_tried(self) -> None:
        tried, self._tried = self._tried, None
        if tried is not None:
            tried.set_result(None)

    def _report_failure(self, error: StoreError) -> None:
        # It may be another one when it comes back.
        self._is_open = False
        self._outage.begin(error)

    def _report_loss(self) -> None:
        """At the end: what was not written by then."""
        lost_count = self._waiting_count + self._outage.untold_count
        if lost_count:
            self._observer.warn(NOT_WRITTEN, lost_count=lost_count)


async def _wait(event: asyncio.Event, seconds: float) -> None:
    """So long at most."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
