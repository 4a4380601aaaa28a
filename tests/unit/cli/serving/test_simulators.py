from __future__ import annotations

from cursor_api.cli.serving.simulators import SIMULATORS
from cursor_api.installed import KINDS
from cursor_api.simulator.options import SimulatorOptions


async def test_each_simulator_stands_in_for_a_kind_of_upstream() -> None:
    """Under its name, and serves."""
    assert set(SIMULATORS) <= set(KINDS)
    for make in SIMULATORS.values():
        async with make(SimulatorOptions()) as simulator:
            assert simulator.url.startswith("http://127.0.0.1:")
