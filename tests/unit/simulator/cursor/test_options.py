from __future__ import annotations

from cursor_api.simulator.cursor.options import KNOWN_MODELS, Gate
from cursor_api.simulator.cursor.refusals import UPDATE_REQUIRED


def test_the_defaults_take_any_token_and_refuse_old_clients() -> None:
    """Any opaque token, the measured number for old clients."""
    assert Gate() == Gate(strict_jwt=False, outdated_number=UPDATE_REQUIRED)


def test_the_known_models_are_the_references_and_the_traces() -> None:
    """20 names of the earlier program, and those of the decoded traces."""
    assert len(KNOWN_MODELS) == 22
    assert {"cursor-small", "gpt-4o", "claude-3.7-sonnet-thinking"} <= KNOWN_MODELS
