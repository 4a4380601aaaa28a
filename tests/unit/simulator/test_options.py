from __future__ import annotations

from cursor_api.simulator.cursor.refusals import UPDATE_REQUIRED
from cursor_api.simulator.options import KNOWN_MODELS, Gate, SimulatorOptions


def test_the_defaults_are_a_healthy_local_server() -> None:
    """On the loopback, any opaque token, the measured number for old clients."""
    options = SimulatorOptions()
    assert (options.host, options.port) == ("127.0.0.1", 0)
    assert options.gate == Gate(strict_jwt=False, outdated_number=UPDATE_REQUIRED)


def test_the_known_models_are_the_references_and_the_traces() -> None:
    """20 names of the reference, and those of the decoded traces."""
    assert len(KNOWN_MODELS) == 22
    assert {"cursor-small", "gpt-4o", "claude-3.7-sonnet-thinking"} <= KNOWN_MODELS
