"""A database that takes nothing for a while, as the operator is told of it."""

from __future__ import annotations

from cursor_api.domain.errors import StoreError
from cursor_api.ports.process import Observer


class Outage:
    """Told once when it begins, in the words `begun`, and once when it is `over`.

    The end tells how many records were given up since they were told of last. `dropped_count` is
    all of them since the start.
    """

    def __init__(self, observer: Observer, begun: str, over: str) -> None:
        self._observer = observer
        self._begun = begun
        self._over = over
        self._told_count = 0
        # Why it takes nothing; None while it does.
        self.error: StoreError | None = None
        self.dropped_count = 0

    def __repr__(self) -> str:
        return f"Outage(is_on={self.is_on}, dropped={self.dropped_count})"

    @property
    def is_on(self) -> bool:
        """Whether it takes nothing."""
        return self.error is not None

    @property
    def untold_count(self) -> int:
        """Records that were given up, and of which nobody was told yet."""
        return self.dropped_count - self._told_count

    def begin(self, error: StoreError) -> None:
        """It took nothing, perhaps once more."""
        if self.error is None:
            self._observer.warn(self._begun, detail=error.message)
        self.error = error

    def end(self) -> None:
        """It took something."""
        if self.error is not None:
            self.error = None
            lost_count, self._told_count = self.untold_count, self.dropped_count
            self._observer.notice(self._over, lost_count=lost_count)

    def drop(self, count: int, *, is_told: bool = False) -> None:
        """So many records are given up."""
        self.dropped_count += count
        if is_told:
            self._told_count += count
