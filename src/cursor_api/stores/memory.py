"""The request log that ends with the process: the reference implementation of its port."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from itertools import islice

from cursor_api.domain.record import RequestRecord, Status

# What the reference shows at /logs.
ENTRIES_MAX = 100


class MemoryRequestLog:
    """Implements `ports.RequestLog` with the last `entries_max` requests.

    Recording takes the same time however many there are.
    """

    def __init__(self, entries_max: int = ENTRIES_MAX) -> None:
        if entries_max < 1:
            raise ValueError("a request log keeps at least one entry")
        self._entries_max = entries_max
        self._records: OrderedDict[str, RequestRecord] = OrderedDict()
        # Requests that were pushed out while they ran; their end is no new request.
        self._pushed_out: OrderedDict[str, None] = OrderedDict()
        self._total_count = 0

    def __repr__(self) -> str:
        return f"MemoryRequestLog(kept={len(self._records)}, total={self._total_count})"

    def restore(self, records: Iterable[RequestRecord], total_count: int) -> None:
        """Begin with what an earlier process recorded, oldest first; only while this is empty."""
        for record in records:
            self.record(record)
        self._total_count = total_count

    def record(self, record: RequestRecord) -> None:
        """Keep it; a known id is replaced where it stands, a new one pushes out the oldest."""
        if record.id in self._records:
            self._records[record.id] = record
        elif record.id not in self._pushed_out:
            self._total_count += 1
            self._records[record.id] = record
            if len(self._records) > self._entries_max:
                self._push_out()
        elif record.status is not Status.PENDING:
            del self._pushed_out[record.id]

    async def recent(self, count: int) -> Sequence[RequestRecord]:
        """The last `count` requests, oldest first."""
        newest_first = list(islice(reversed(self._records.values()), max(count, 0)))
        return newest_first[::-1]

    @property
    def total_count(self) -> int:
        """Requests ever recorded, those that were pushed out included."""
        return self._total_count

    def _push_out(self) -> None:
        _, oldest = self._records.popitem(last=False)
        if oldest.status is Status.PENDING:
            self._pushed_out[oldest.id] = None
            if len(self._pushed_out) > self._entries_max:
                self._pushed_out.popitem(last=False)
