"""The machine's clocks."""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Callable

# Linux stops its usual monotonic clock while the machine sleeps: after a night, a wall clock that
# only went on would look as if it had jumped, and a cooldown of an hour would last into the day.
if sys.platform == "linux":
    _read_steady_clock: Callable[[], float] = functools.partial(
        time.clock_gettime, time.CLOCK_BOOTTIME
    )
else:
    _read_steady_clock = time.monotonic


class SystemClock:
    """Implements `ports.Clock` with the machine's clocks."""

    # The functions themselves and no methods around them: a request reads a clock a dozen times.
    # Unix seconds.
    now = staticmethod(time.time)
    # Seconds since some start, those included in which the machine slept.
    monotonic = staticmethod(_read_steady_clock)
