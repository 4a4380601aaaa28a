"""Whether the process still takes requests: serving, then draining."""

from __future__ import annotations

from collections.abc import Callable

from cursor_api.domain.errors import Fault, FaultKind

# A client that comes back sooner finds the same process, still draining.
RETRY_AFTER_S = 1

DRAINING = Fault(
    FaultKind.OVERLOADED,
    "This gateway is shutting down and takes no new requests; send yours again.",
    retry_after_s=RETRY_AFTER_S,
)

CUT_SHORT = Fault(
    FaultKind.OVERLOADED,
    "The gateway is shutting down and broke this answer off; send your request again.",
    retry_after_s=RETRY_AFTER_S,
)


class Lifecycle:
    """Serving, then draining; there is no way back. The server sets it, the addresses read it.

    `break_off` ends the answers under way with a fault, which is what their callers get.
    """

    def __init__(self, break_off: Callable[[Fault], int] = lambda _fault: 0) -> None:
        self._break_off = break_off
        # It takes no new clients.
        self.is_leaving = False
        self.is_draining = False

    def __repr__(self) -> str:
        return f"Lifecycle({'draining' if self.is_draining else 'serving'})"

    def retire(self) -> None:
        """From now on only the clients that are here are served, each to the end of an answer."""
        self.is_leaving = True

    def drain(self) -> None:
        """From now on only what runs already is served."""
        self.is_leaving = self.is_draining = True

    def cut(self) -> int:
        """The time to drain is over: what still runs ends with a fault. Gives how many."""
        return self._break_off(CUT_SHORT)
