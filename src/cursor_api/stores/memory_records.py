"""The records that end with the process: the reference implementation of their port."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import islice

from cursor_api.domain.errors import FaultKind
from cursor_api.domain.periods import hour_of
from cursor_api.domain.record import RequestRecord
from cursor_api.domain.record_content import RecordContent, Transcript
from cursor_api.domain.record_query import (
    RecordChoices,
    RecordFilter,
    RecordPage,
    RecordQuery,
    RefusalRow,
    UsageCounts,
    UsageQuery,
    UsageRow,
    counts_of,
)
from cursor_api.ports.process import Clock
from cursor_api.ports.records import RecordsState
from cursor_api.stores.records.matching import fits, last_ends
from cursor_api.stores.records.rows import as_kept
from cursor_api.stores.records.sums import DAY_S
from cursor_api.stores.records.transcribed import KeptTranscripts

# Some 10 MB.
ROWS_MAX = 10_000
# What the earlier program shows at /logs.
ENTRIES_MAX = 100
# As long as the stores that outlive the process keep theirs by default.
KEPT_S = 30 * DAY_S
CONTENT_DAYS = 7.0
_Key = tuple[int, str, str, str]


class MemoryRecords:
    """Implements `ports.Records` with the last `rows_max` requests, and their sums for 30 days.

    It is a `RequestLog` and a `RefusalCounter` as well.
    """

    def __init__(
        self,
        clock: Clock,
        rows_max: int = ROWS_MAX,
        entries_max: int = ENTRIES_MAX,
        content_days: float = CONTENT_DAYS,
    ) -> None:
        self._clock = clock
        self._transcripts = KeptTranscripts(clock, content_days)
        self._rows_max = rows_max
        self._recent: deque[RequestRecord] = deque(maxlen=entries_max)
        self._by_id: dict[str, RequestRecord] = {}
        # Which is the order of time.
        self._ids: list[str] = []
        self._sums: dict[_Key, UsageCounts] = {}
        self._refusals: dict[tuple[int, FaultKind], int] = {}
        self._trimmed_hour = 0

    def __repr__(self) -> str:
        return f"MemoryRecords({len(self._ids)} of {self._rows_max})"

    def record(self, record: RequestRecord) -> None:
        """See ports.RequestLog."""
        self._recent.append(record)
        self.add(as_kept(record))

    async def recent(self, count: int) -> Sequence[RequestRecord]:
        """See ports.RequestLog."""
        newest = list(islice(reversed(self._recent), max(count, 0)))
        return newest[::-1]

    def keep(self, transcript: Transcript) -> None:
        """See ports.RecordKeeper."""
        self._transcripts.add(transcript)

    def count_refusal(self, fault: FaultKind) -> None:
        """See ports.RefusalCounter."""
        self.add_refusal(self._clock.now(), fault)

    def add(self, record: RequestRecord) -> None:
        """One that has ended; a second time changes nothing."""
        if record.id in self._by_id:
            return
        self._by_id[record.id] = record
        insort(self._ids, record.id)
        if len(self._ids) > self._rows_max:
            oldest = self._ids.pop(0)
            del self._by_id[oldest]
            self._transcripts.forget(oldest)
        hour = hour_of(record.started_at)
        key = (hour, record.model, record.credential_alias, record.caller)
        self._sums[key] = self._sums.get(key, UsageCounts()).plus(counts_of(record))
        self._trim(hour)

    def add_refusal(self, at: float, fault: FaultKind) -> None:
        """Something was refused before it was a request."""
        key = (hour_of(at), fault)
        self._refusals[key] = self._refusals.get(key, 0) + 1
        self._trim(key[0])

    async def find(self, request_id: str) -> RequestRecord | None:
        """See ports.Records."""
        return self._by_id.get(request_id)

    async def contents(self, ids: Sequence[str]) -> Sequence[RecordContent]:
        """See ports.Records."""
        return self._transcripts.find(ids)

    async def page(self, query: RecordQuery) -> RecordPage:
        """See ports.Records."""
        if query.ended_since is not None:
            return RecordPage(last_ends(self._by_id.values(), query), None)
        fitting = (one for one in self._walk(query) if fits(one, query.filter))
        found = list(islice(fitting, query.rows_max + 1))
        has_more = len(found) > query.rows_max
        rows = found[: query.rows_max]
        continue_from = rows[-1].id if has_more else None
        return RecordPage(tuple(rows if query.after is None else rows[::-1]), continue_from)

    async def choices(self) -> RecordChoices:
        """See ports.Records."""
        since = hour_of(self._clock.now() - KEPT_S)
        keys = [key for key in self._sums if key[0] >= since]
        models, credentials, callers = {""}, {""}, {""}
        for _, model, credential, caller in keys:
            models.add(model)
            credentials.add(credential)
            callers.add(caller)
        found = [tuple(sorted(one - {""})) for one in (models, credentials, callers)]
        return RecordChoices(*found)

    async def usage(self, query: UsageQuery) -> Sequence[UsageRow]:
        """See ports.Records."""
        wanted = (query.model, query.credential, query.caller)
        rows = [
            UsageRow(*key, counts)
            for key, counts in self._sums.items()
            if query.since <= key[0] < query.until
            and all(one in {None, mine} for one, mine in zip(wanted, key[1:], strict=True))
        ]
        return sorted(rows, key=lambda row: row[:4])

    async def refusals(self, since: int, until: int) -> Sequence[RefusalRow]:
        """See ports.Records."""
        rows = [
            RefusalRow(hour, fault, count)
            for (hour, fault), count in self._refusals.items()
            if since <= hour < until
        ]
        return sorted(rows, key=lambda row: (row.hour_at, row.fault.value))

    async def first_delta_ms(self, since: float, rows_max: int) -> Sequence[float]:
        """See ports.Records."""
        newest = (self._by_id[one] for one in reversed(self._ids))
        begun = (
            one.first_delta_ms
            for one in newest
            if one.first_delta_ms is not None and one.started_at >= since
        )
        return list(islice(begun, rows_max))

    async def count(self, wanted: RecordFilter) -> int:
        """See ports.Records."""
        return sum(fits(one, wanted) for one in self._by_id.values())

    async def delete(self, wanted: RecordFilter, rows_max: int) -> int:
        """See ports.Records."""
        fitting = (one for one in self._ids if fits(self._by_id[one], wanted))
        gone = list(islice(fitting, rows_max))
        for one in gone:
            del self._by_id[one]
            self._transcripts.forget(one)
        self._ids = [one for one in self._ids if one in self._by_id]
        return len(gone)

    def state(self) -> RecordsState:
        """See ports.Records."""
        return RecordsState("memory", is_writing=True)

    def _walk(self, query: RecordQuery) -> Iterator[RequestRecord]:
        """Newest first; after an `after` oldest first."""
        if query.after is not None:
            ids: Sequence[str] = self._ids[bisect_right(self._ids, query.after) :]
        else:
            end = len(self._ids)
            if query.before is not None:
                end = bisect_left(self._ids, query.before)
            ids = self._ids[:end][::-1]
        return (self._by_id[one] for one in ids)

    def _trim(self, hour: int) -> None:
        """Forget the sums of long ago, once an hour."""
        if hour <= self._trimmed_hour:
            return
        self._trimmed_hour = hour
        oldest = hour - KEPT_S
        self._sums = {key: sums for key, sums in self._sums.items() if key[0] >= oldest}
        self._refusals = {key: count for key, count in self._refusals.items() if key[0] >= oldest}
