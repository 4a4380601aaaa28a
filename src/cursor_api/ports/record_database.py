"""What a log of records needs of the database that keeps them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from cursor_api.domain.record import RequestRecord
from cursor_api.domain.record_content import RecordContent
from cursor_api.domain.record_query import RefusalRow
from cursor_api.ports.records import RecordQuestions


class Batch(NamedTuple):
    """What is written in one step. `id` sorts by time, and is another one for each batch.

    Of the `contents` those are kept whose records are new.
    """

    id: str
    records: Sequence[RequestRecord]
    refusals: Sequence[RefusalRow] = ()
    contents: Sequence[RecordContent] = ()


class Keeping(NamedTuple):
    """How much is kept: the first bound that is met counts. The sums are kept longer.

    Texts go after `content_days`, and when they take more than half of `bytes_max`.
    """

    days: float
    bytes_max: int
    rows_max: int
    content_days: float = 7.0

    @property
    def content_bytes_max(self) -> int:
        """How much room texts may take."""
        return self.bytes_max // 2


class DatabaseState(NamedTuple):
    """How it goes. `spooled_count` records are somewhere else until it is reached again.

    `dropped_count` were given up since the start.
    """

    is_reached: bool = True
    spooled_count: int = 0
    dropped_count: int = 0


class RecordDatabase(RecordQuestions, Protocol):
    """A database of records. All raise StoreError; StoreAwayError where a later try is worth it.

    Questions are answered of what is written.
    """

    @property
    def name(self) -> str:
        """One word, as `RecordsState.store`."""
        ...

    def state(self) -> DatabaseState:
        """How it goes; asks nobody."""
        ...

    async def open(self) -> None:
        """Make it ready, and its tables what they have to be; a second time does nothing."""
        ...

    async def close(self) -> None:
        """Let go of it; it can be opened again."""
        ...

    async def write(self, batch: Batch) -> None:
        """All of it or, with an error, none; what was written before is not written again."""
        ...

    async def tidy(self) -> bool:
        """Forget some of what is too old or too much, in some ms; whether there is more of it."""
        ...


class SpoolDatabase(RecordDatabase, Protocol):
    """A database of records that wait for another one."""

    async def remove(self, ids: Sequence[str], refusals: Sequence[RefusalRow]) -> None:
        """These records are elsewhere now, and what was refused is counted there."""
        ...
