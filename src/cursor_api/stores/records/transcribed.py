"""Texts that wait to be written with their requests."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from cursor_api.domain.record_content import RecordContent, Transcript
from cursor_api.ports.process import Clock
from cursor_api.stores.records.sums import DAY_S

# Characters; some hundred requests at their longest. More than this is not kept.
WAITING_LENGTH_MAX: Final = 8 * 2**20


class WaitingTranscripts:
    """By the ids of their requests. `lost_count`: for so many there was no room."""

    def __init__(self, length_max: int = WAITING_LENGTH_MAX) -> None:
        self._length_max = length_max
        self._length = 0
        self._by_id: dict[str, Transcript] = {}
        self.lost_count = 0

    def __len__(self) -> int:
        return len(self._by_id)

    def __repr__(self) -> str:
        return f"WaitingTranscripts({len(self._by_id)}, {self._length} characters)"

    def add(self, transcript: Transcript) -> None:
        """One more, where there is room."""
        if self._length + transcript.length > self._length_max:
            self.lost_count += 1
            return
        self._by_id[transcript.id] = transcript
        self._length += transcript.length

    def take(self, ids: Iterable[str]) -> Sequence[Transcript]:
        """Those of these requests; they wait no longer."""
        taken = [self._by_id.pop(one) for one in ids if one in self._by_id]
        self._length -= sum(one.length for one in taken)
        return taken

    def find(self, ids: Iterable[str]) -> Sequence[RecordContent]:
        """What may be shown of those of these requests."""
        return [self._by_id[one].content() for one in ids if one in self._by_id]


class KeptTranscripts:
    """Those of a store in memory, which forgets the oldest: by their age, and for want of room."""

    def __init__(self, clock: Clock, days: float, length_max: int = WAITING_LENGTH_MAX) -> None:
        self._clock = clock
        self._kept_s = days * DAY_S
        self._length_max = length_max
        self._length = 0
        # With when each was added, the oldest first.
        self._by_id: dict[str, tuple[float, Transcript]] = {}

    def __repr__(self) -> str:
        return f"KeptTranscripts({len(self._by_id)}, {self._length} characters)"

    def add(self, transcript: Transcript) -> None:
        """One more."""
        self.forget(transcript.id)
        self._by_id[transcript.id] = self._clock.now(), transcript
        self._length += transcript.length
        while self._length > self._length_max:
            self.forget(next(iter(self._by_id)))
        self._forget_old()

    def forget(self, one: str) -> None:
        """What was said in this request, if it is kept."""
        found = self._by_id.pop(one, None)
        if found is not None:
            self._length -= found[1].length

    def find(self, ids: Iterable[str]) -> Sequence[RecordContent]:
        """What may be shown of those of these requests."""
        self._forget_old()
        return [self._by_id[one][1].content() for one in ids if one in self._by_id]

    def _forget_old(self) -> None:
        oldest = self._clock.now() - self._kept_s
        while self._by_id and next(iter(self._by_id.values()))[0] < oldest:
            self.forget(next(iter(self._by_id)))


def read_all(transcripts: Sequence[Transcript]) -> Sequence[RecordContent]:
    """What may be kept of them."""
    return [one.content() for one in transcripts]
