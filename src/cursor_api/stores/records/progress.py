"""How far writing has come: what was recorded before an instant is waited for, and no more."""

from __future__ import annotations

from msgspec import Struct


class Progress(Struct):
    """Requests and refusals that came, and those that are written or given up.

    Both are done in the order in which they came, each for itself.
    """

    records_count: int = 0
    refusals_count: int = 0
    done_records_count: int = 0
    done_refusals_count: int = 0

    @property
    def mark(self) -> tuple[int, int]:
        """What has come until now."""
        return self.records_count, self.refusals_count

    def has_passed(self, mark: tuple[int, int]) -> bool:
        """Whether all that had come at that mark is done."""
        records_count, refusals_count = mark
        return (
            self.done_records_count >= records_count and self.done_refusals_count >= refusals_count
        )
