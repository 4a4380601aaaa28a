"""What the simulated bridge is set to."""

from __future__ import annotations

from cursor_api.simulator.cursor_sdk.options import MODELS, BridgeFaults, BridgeOptions


def test_the_defaults_are_a_healthy_bridge() -> None:
    """Nothing fails, no key is refused, and `auto` and a thinking model are listed."""
    options = BridgeOptions()
    assert options.faults == BridgeFaults()
    assert not options.refusals
    assert {"auto", "composer-2.5"} <= {model["id"] for model in MODELS}
