"""One line in the process's log for each request that has ended.

Rules of this file:
- Nothing of what was said is in a line, and no text of an upstream: it may repeat a prompt.
- A line costs tens of microseconds, so that there are few of them in a second, however many
  requests there are; those that are left out are counted, and the count is told.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Final

from cursor_api.domain.record import RequestRecord
from cursor_api.telemetry.metrics import OUTCOMES

# Nobody reads more, and a terminal that shows more is no use.
LINES_PER_S_MAX: Final = 20
WINDOW_S: Final = 1.0
# A model's name is the caller's own text.
MODEL_LENGTH_MAX: Final = 100
_log = logging.getLogger("request")

# Asks for a call after so many seconds; where nobody waits, it does nothing.
CallLater = Callable[[float, Callable[[], None]], object]


def call_later(delay_s: float, call: Callable[[], None]) -> object:
    """By the running loop."""
    return asyncio.get_running_loop().call_later(delay_s, call)


class RequestLines:
    """Tells each request that has ended in a line.

    `is_on` may change at any time. `monotonic` gives seconds.
    """

    def __init__(self, monotonic: Callable[[], float], later: CallLater = call_later) -> None:
        self.is_on = True
        self._monotonic = monotonic
        self._later = later
        self._window_ends_at = 0.0
        self._line_count = 0
        self._left_out_count = 0

    def tell(self, record: RequestRecord) -> None:
        """One that has ended."""
        if not self.is_on:
            return
        now = self._monotonic()
        if now >= self._window_ends_at:
            self._tell_left_out()
            self._window_ends_at, self._line_count = now + WINDOW_S, 0
        self._line_count += 1
        if self._line_count <= LINES_PER_S_MAX:
            _log.info(OUTCOMES[record.status], extra={"facts": _facts(record)})
            return
        if not self._left_out_count:
            # Perhaps no further request comes.
            self._later(self._window_ends_at - now, self._tell_left_out)
        self._left_out_count += 1

    def _tell_left_out(self) -> None:
        count, self._left_out_count = self._left_out_count, 0
        if count:
            _log.info(
                "more than %d a second; the others are left out",
                LINES_PER_S_MAX,
                extra={"facts": {"count": count}},
            )


def _facts(record: RequestRecord) -> dict[str, Any]:
    """In the order in which they are read; what there is not is left out."""
    # What nobody serves may be any text, a key even.
    model = "(unknown)" if record.has_foreign_model else record.model[:MODEL_LENGTH_MAX]
    facts: dict[str, Any] = {"caller": record.caller, "model": model}
    if record.credential_alias:
        facts["credential"] = record.credential_alias
    if record.error_kind is not None:
        facts["fault"] = record.error_kind.value
    if record.first_delta_ms is not None:
        facts["first_ms"] = round(record.first_delta_ms)
    if record.duration_ms is not None:
        facts["total_ms"] = round(record.duration_ms)
    facts["id"] = record.id
    return facts
