from __future__ import annotations

from cursor_api.simulator.options import SimulatorOptions


def test_the_defaults_are_a_healthy_local_server() -> None:
    """On the loopback, on any free port."""
    options = SimulatorOptions()
    assert (options.host, options.port) == ("127.0.0.1", 0)
