"""A wall clock that is set, by a person or a time server, noticed by a clock that cannot be.

Cooldowns are kept as wall times, for they outlive the process and are shown to people. Within the
process they must last as long as they were meant to, whatever the wall clock does meanwhile.
"""

from __future__ import annotations

from cursor_api.ports.process import Clock

# Slewing moves a clock by less; a step below this makes no difference to a cooldown.
STEP_S_MIN = 1.0


class ClockStepDetector:
    """Compares the wall clock with the monotonic one at every look."""

    __slots__ = ("_clock", "_offset_s")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._offset_s = clock.now() - clock.monotonic()

    def __repr__(self) -> str:
        return f"ClockStepDetector(offset={self._offset_s:.1f} s)"

    def look(self) -> tuple[float, float]:
        """Unix time, and by how many seconds it was set since the last look; mostly 0."""
        now = self._clock.now()
        offset_s = now - self._clock.monotonic()
        stepped_s = offset_s - self._offset_s
        if abs(stepped_s) < STEP_S_MIN:
            return now, 0.0
        self._offset_s = offset_s
        return now, stepped_s
