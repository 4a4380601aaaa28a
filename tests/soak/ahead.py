"""`cursor-api` on a machine whose clock is a minute ahead: `python -m tests.soak.ahead serve`."""

from __future__ import annotations

import sys
import time

from cursor_api.cli import main
from cursor_api.telemetry.clock import SystemClock

AHEAD_S = 60.0


def now() -> float:
    """Unix time, as it is there."""
    return time.time() + AHEAD_S


if __name__ == "__main__":
    setattr(SystemClock, "now", staticmethod(now))  # noqa: B010 - for every user of it
    sys.exit(main())
