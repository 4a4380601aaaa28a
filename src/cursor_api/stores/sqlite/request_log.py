"""The request log that outlives the process: what happened is known after any end of it.

Rules of this file:
- Recording only remembers. A task writes what has come together, a quarter of a second after the
  first of it came, so that a death costs no more than that and an idle gateway does nothing.
- A disk that takes nothing costs entries, never requests: what is not written is kept up to a
  bound and tried again, and the operator is told once, and once more when it is over.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from cursor_api.domain.errors import StoreError
from cursor_api.domain.record import RequestRecord, Status
from cursor_api.ports.process import Observer
from cursor_api.stores.memory import MemoryRequestLog
from cursor_api.stores.sqlite.request_table import RequestTable

CANNOT_WRITE = "the request log cannot be written; requests go on"
WRITTEN_AGAIN = "the request log is written again"
NOT_WRITTEN = "some requests are not in the request log"
NO_END = (
    "The end of this request was not recorded: the gateway that served it was killed, or it is"
    " another one that still serves it."
)


@dataclass(frozen=True, slots=True)
class LogTimes:
    """When to write. Seconds and counts."""

    # Far below the second that a death may cost, and some hundred requests in one write under load.
    write_after_s: float = 0.25
    retry_s: float = 5.0
    # Requests that wait for a disk: some 10 MB.
    unsaved_max: int = 10_000


class SqliteRequestLog:
    """Implements `ports.RequestLog` over a table; an async context, which begins with its last.

    Entering never fails: a file that cannot be used is reported, and the log is in memory until it
    can.
    """

    def __init__(
        self,
        table: RequestTable,
        entries_max: int,
        observer: Observer,
        times: LogTimes | None = None,
    ) -> None:
        self._table = table
        self._entries_max = entries_max
        self._observer = observer
        self._times = times or LogTimes()
        self._memory = MemoryRequestLog(entries_max)
        # By id, in the order in which they came; the last that is known of each.
        self._unsaved: dict[str, RequestRecord] = {}
        self._lost_count = 0
        self._is_failing = False
        self._has_work = asyncio.Event()
        self._is_closing = asyncio.Event()
        self._writing: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"SqliteRequestLog({self._memory}, unsaved={len(self._unsaved)})"

    async def __aenter__(self) -> Self:
        try:
            records, total_count = await asyncio.to_thread(self._table.load, self._entries_max)
        except StoreError as error:
            self._report_failure(error)
        else:
            self._memory.restore(map(_ended, records), total_count)
        self._writing = asyncio.create_task(self._write_on())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._is_closing.set()
        self._has_work.set()
        if self._writing is not None:
            await self._writing
        await asyncio.to_thread(self._table.close)

    def record(self, record: RequestRecord) -> None:
        """Keep it."""
        self._memory.record(record)
        self._unsaved[record.id] = record
        if len(self._unsaved) > self._times.unsaved_max:
            self._drop_oldest()
        self._has_work.set()

    async def recent(self, count: int) -> Sequence[RequestRecord]:
        """The last `count` requests, oldest first; those of earlier processes among them."""
        return await self._memory.recent(count)

    @property
    def total_count(self) -> int:
        """Requests ever recorded, by earlier processes too."""
        return self._memory.total_count

    async def _write_on(self) -> None:
        while not self._is_closing.is_set():
            await self._has_work.wait()
            await self._pause(self._times.write_after_s)
            self._has_work.clear()
            if not await self._write():
                self._has_work.set()
                await self._pause(self._times.retry_s)
        await self._write()

    async def _pause(self, seconds: float) -> None:
        """So long, or until the end."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._is_closing.wait()

    async def _write(self) -> bool:
        """Write what is unsaved; whether that worked."""
        if not self._unsaved:
            return True
        taken, self._unsaved = self._unsaved, {}
        try:
            await asyncio.to_thread(self._table.save, list(taken.values()))
        except StoreError as error:
            # What came meanwhile is the newer of the two.
            self._unsaved = taken | self._unsaved
            while len(self._unsaved) > self._times.unsaved_max:
                self._drop_oldest()
            self._report_failure(error)
            return False
        except Exception as error:  # noqa: BLE001 - a bug may cost these entries, not all that follow
            self._lost_count += len(taken)
            self._observer.warn(NOT_WRITTEN, lost_count=len(taken), exc_info=error)
            return True
        if self._is_failing:
            self._is_failing = False
            self._observer.notice(WRITTEN_AGAIN, lost_count=self._lost_count)
            self._lost_count = 0
        return True

    def _drop_oldest(self) -> None:
        del self._unsaved[next(iter(self._unsaved))]
        self._lost_count += 1

    def _report_failure(self, error: StoreError) -> None:
        if not self._is_failing:
            self._is_failing = True
            self._observer.warn(CANNOT_WRITE, detail=error.message)
        if self._is_closing.is_set() and self._unsaved:
            count = len(self._unsaved) + self._lost_count
            self._observer.warn(NOT_WRITTEN, lost_count=count)


def _ended(record: RequestRecord) -> RequestRecord:
    """As it looks to this process, in which nothing of an earlier one is under way."""
    if record.status is not Status.PENDING:
        return record
    return record._replace(status=Status.FAILED, error=NO_END)
