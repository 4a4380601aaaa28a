"""How long tools may take, and how many conversations keep their agents."""

from __future__ import annotations

from cursor_api.upstreams.cursor_sdk.run_options import RunOptions


def test_the_defaults_are_those_that_are_promised() -> None:
    """Five minutes for a result; less than half a second for another call."""
    options = RunOptions()
    assert options.tool_result_timeout_s == 300
    assert 0.2 <= options.parallel_calls_wait_s <= 0.5
    assert options.conversations_max > 0
