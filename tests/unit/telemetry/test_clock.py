"""The machine's clocks."""

from __future__ import annotations

from cursor_api.telemetry.clock import SystemClock


def test_the_clock_is_the_machines() -> None:
    """Seconds, going forward."""
    clock = SystemClock()
    assert clock.now() > 1_700_000_000
    assert clock.monotonic() <= clock.monotonic()
